package richtext

import (
	"strings"
	"testing"
)

func TestHostileMarkupIsRemoved(t *testing.T) {
	for _, in := range []string{
		`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `<a href="javascript:alert(1)">x</a>`,
		`<p onclick="alert(1)">x</p>`, `<svg/onload=alert(1)>`, `<iframe src="//evil"></iframe>`,
		`<style>p{position:fixed}</style>`, `<p style="position:fixed">x</p>`, `<a href="data:text/html,x">x</a>`,
		`<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>`, `<p class="buy" id="x">x</p>`,
		`<a href="java&#9;script:alert(1)">x</a>`, `<<script>script>alert(1)</script>`, `<form action=//evil><input name=q></form>`,
	} {
		out := strings.ToLower(Sanitize(in))
		for _, bad := range []string{"<script", "onerror", "javascript:", "onclick", "onload", "<iframe", "style", "data:", "<img", "class=", "id=", "<form", "<input"} {
			if strings.Contains(out, bad) {
				t.Errorf("%s became %s", in, out)
			}
		}
	}
}

func TestWhatAMerchantWritesStays(t *testing.T) {
	in := `<h3>Origin</h3><p>From <em>Uji</em>, see <a href="/pages/uji">our page</a>.</p><ul><li>50 g</li></ul>`
	if out := Sanitize(in); !strings.Contains(out, "<h3>Origin</h3>") || !strings.Contains(out, `href="/pages/uji"`) || !strings.Contains(out, "<li>50 g</li>") {
		t.Errorf("became %s", out)
	}
	if out := Sanitize("<h1>Tea</h1>"); out != "<h2>Tea</h2>" {
		t.Errorf("first-level heading became %s", out)
	}
}

func TestTextHasOnlyWords(t *testing.T) {
	if got := Text("<p>One &amp; two.</p><ul><li>Three</li><li>Four</li></ul>"); got != "One & two. Three Four" {
		t.Errorf("got %q", got)
	}
}

func FuzzSanitisingTwiceChangesNothing(f *testing.F) {
	for _, s := range []string{"<p>x</p>", "<h1>a<b>", "&lt;script&gt;", "<a href='x y'>", "\x00<p", " <h5 a>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		once := Sanitize(in)
		if twice := Sanitize(once); twice != once {
			t.Errorf("%q became %q and then %q", in, once, twice)
		}
	})
}
