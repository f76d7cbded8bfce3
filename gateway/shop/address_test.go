package shop

import (
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/stoa-commerce/stoa/protocol/catalog"
)

func mirroredHouse() *house { return &house{Base: "/@tea", profile: &catalog.Profile{}} }

func TestReferencesStayInTheirShop(t *testing.T) {
	for ref, want := range map[string]string{
		"/": "/@tea/", "/p/x": "/@tea/p/x", "y": "/@tea/p/y", "?variant=a": "/@tea/p/x?variant=a", "#story": "#story", "": "",
		"../../../c/all": "/@tea/c/all", "/%2e%2E/p/x": "/@tea/p/x", "/..%2f../p/x": "/@tea/p/x", "/p/%252e%252e/x": "/@tea/p/%252e%252e/x",
		"https://elsewhere.example/p": "https://elsewhere.example/p", "//elsewhere.example/p": "//elsewhere.example/p", "mailto:a@b.example": "mailto:a@b.example",
		"http:/p/x": "", "https:p/x": "", "/p/a:b?q=1#f": "/@tea/p/a:b?q=1#f", "%": "", "/\\evil": "/@tea/%5Cevil",
	} {
		if got := mirroredHouse().within(ref, "/p/x"); got != want {
			t.Errorf("%q becomes %q, want %q", ref, got, want)
		}
	}
}

func TestLinksOfTheOwnShopAreLeftAlone(t *testing.T) {
	own := &house{profile: &catalog.Profile{}}
	text := `<p><a href="../x?y=1">a</a><img src="/m/` + strings.Repeat("a", 59) + `/160.jpg"></p>`
	if got := string(own.rich(text, "/p/x")); got != string(rich(text)) {
		t.Errorf("%s", got)
	}
	if got := own.href("/x/../y"); got != "/x/../y" {
		t.Errorf("%s", got)
	}
}

func TestPicturesInTextsAreTheMirrors(t *testing.T) {
	file := "/m/" + strings.Repeat("a", 59) + "/160.jpg"
	want := `<img src="/@tea` + file + `" alt="x"`
	if got := string(mirroredHouse().rich(`<p><img src="`+file+`" alt="x"></p>`, "/p/x")); !strings.Contains(got, want) {
		t.Errorf("%s", got)
	}
}

// references lists where links and pictures of HTML lead.
func references(text string) (all []string) {
	z := html.NewTokenizer(strings.NewReader(text))
	for z.Next() != html.ErrorToken {
		for _, a := range z.Token().Attr {
			if a.Key == "href" || a.Key == "src" {
				all = append(all, a.Val)
			}
		}
	}
	return all
}

// FuzzRichTextStaysInItsShop reads what becomes of rich text as a browser does: no
// link or picture leads to a page of this server outside the shop.
func FuzzRichTextStaysInItsShop(f *testing.F) {
	for _, seed := range []string{
		`<a href="/p/x">x</a>`, `<a href="../../p/x">x</a>`, `<a href="http:/p/x">x</a>`, `<a href="/%2e%2e/x">x</a>`, `<a href="//h/x">x</a>`, `<A HREF=/x>`,
		`<a href="&#47;x">x</a>`, `<a href=" /x">x</a>`, "<a href=\"/\t/x\">x</a>", `<a href="/\\x">x</a>`, `<a href="?x">x</a>`, `<img src="/m/x/160.jpg">`,
	} {
		f.Add(seed)
	}
	page, err := url.Parse("https://mirror.example/@tea/p/x")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		out := string(mirroredHouse().rich(text, "/p/x"))
		if bad := forbidden(strings.ReplaceAll(out, `src="/@tea/m/`, `src="/m/`)); bad != "" {
			t.Fatalf("%q becomes %q, which holds %s", text, out, bad)
		}
		for _, ref := range references(out) {
			target, err := page.Parse(strings.NewReplacer("%2e", ".", "%2E", ".", "\\", "/").Replace(ref))
			if err != nil || target.Host != page.Host {
				continue
			}
			if target.Opaque != "" || !strings.HasPrefix(target.Path, "/@tea/") {
				t.Fatalf("%q becomes %q, which leads to %s", text, out, target)
			}
		}
	})
}
