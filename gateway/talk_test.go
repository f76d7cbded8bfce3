package gateway_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/gateway"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// talkData reads what a page tells its scripts.
func talkData(t *testing.T, body string) map[string]any {
	t.Helper()
	_, rest, _ := strings.Cut(body, `id="talk-data">`)
	text, _, ok := strings.Cut(rest, "</script>")
	var data map[string]any
	if err := json.Unmarshal([]byte(text), &data); !ok || err != nil {
		t.Fatalf("the page's data: %v in %.300s", err, body)
	}
	return data
}

func TestAConversationIsWithTheBrandOfItsAddress(t *testing.T) {
	own, other, _, s := twoShops(t)
	for path, want := range map[string]struct {
		brand, base, name string
		direct            bool
	}{
		"/t/":         {own.id.String(), "", "Lindenhof Tea", true},
		"/t/werkzeug": {other.id.String(), "/@werkzeug", "Werkzeugmanufaktur", false},
	} {
		resp, body := get(t, s, path)
		data := talkData(t, body)
		if resp.StatusCode != http.StatusOK || data["brand"] != want.brand || data["base"] != want.base || data["direct"] != want.direct || data["home"] != own.id.String() {
			t.Errorf("%s: %d %v", path, resp.StatusCode, data)
		}
		if !strings.Contains(data["name"].(string), want.name[:8]) || !strings.Contains(body, `content="noindex"`) || strings.Contains(body, "rel=\"canonical\"") {
			t.Errorf("%s is named %v, or is for search engines", path, data["name"])
		}
	}
}

func TestOtherAddressesOfAConversationLeadToIt(t *testing.T) {
	own, other, _, s := twoShops(t)
	for path, want := range map[string]string{
		"/t?about=sencha":                        "/t/?about=sencha",
		"/t/" + own.id.String():                  "/t/",
		"/t/" + other.id.String() + "?buy=viele": "/t/werkzeug?buy=viele",
		"/t/Werkzeug":                            "/t/werkzeug",
		"/@werkzeug/t/?cart":                     "/t/werkzeug?cart",
	} {
		if resp, _ := get(t, s, path); resp.StatusCode != http.StatusFound || resp.Header.Get("Location") != want {
			t.Errorf("%s: %d %s, want %s", path, resp.StatusCode, resp.Header.Get("Location"), want)
		}
	}
	for _, path := range []string{"/t/nobody", "/t/../p", "/t/a/b", "/@werkzeug/shops", "/shops/x"} {
		if resp, _ := get(t, s, path); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
}

func TestAConversationSaysWhoSells(t *testing.T) {
	_, _, _, s := twoShops(t)
	_, body := get(t, s, "/t/werkzeug")
	if !strings.Contains(body, "Verkäufer ist Werkzeugmanufaktur") {
		t.Error("a mirrored brand's conversation doesn't say who sells")
	}
	seller := talkData(t, body)["seller"].([]any)
	if len(seller) == 0 || !strings.HasPrefix(seller[0].(string), "Werkzeugmanufaktur") {
		t.Errorf("the seller is %v", seller)
	}
}

func TestWhatNobodyShouldBuyIsClosedInConversationsToo(t *testing.T) {
	_, _, m, s := twoShops(t)
	for state, want := range map[string][2]bool{"current": {}, "stale": {false, true}, "expired": {true, false}, "contested": {true, false}} {
		m.fresh("werkzeug", gateway.Freshness{State: state})
		_, body := get(t, s, "/t/werkzeug")
		data := talkData(t, body)
		closed, stale := data["closed"] != nil, data["stale"] != nil
		if closed != want[0] || stale != want[1] || strings.Contains(body, `class="mark is-`) != want[0] {
			t.Errorf("%s: closed %v, stale %v", state, closed, stale)
		}
		_, product := get(t, s, "/@werkzeug/p/viele")
		if strings.Contains(product, "data-buy ") == want[0] || strings.Contains(product, "Kauf anfragen") != want[1] {
			t.Errorf("%s: the product's page says otherwise", state)
		}
	}
}

func TestAProductIsBoughtAndAskedAboutInTheConversation(t *testing.T) {
	_, other, _, s := twoShops(t)
	_, body := get(t, s, "/@werkzeug/p/viele?variant=h-1-0")
	for _, holds := range []string{
		`data-buy rel="nofollow" href="/t/werkzeug?buy=viele&amp;variant=h-1-0"`, `data-ask rel="nofollow" href="/t/werkzeug?about=viele&amp;variant=h-1-0"`,
		`data-add="` + other.id.String() + `"`, `data-cart="` + other.id.String() + `"`, "<noscript>",
	} {
		if !strings.Contains(body, holds) {
			t.Errorf("the page lacks %s", holds)
		}
	}
}

func TestANameCantLeaveThePagesData(t *testing.T) {
	b := newBrand(t)
	name := `</script><script>alert(1)</script><!--"'` + "\u202e"
	b.publish(append(simple("a", "A", 100), &catalog.Profile{Header: catalog.HeaderOf(catalog.TypeProfile), Name: name, Language: "en", Country: "DE", Currency: "EUR"})...)
	s := b.serve()
	for _, path := range []string{"/t/", "/shops"} {
		_, body := get(t, s, path)
		if strings.Contains(body, "<script>alert") {
			t.Errorf("%s lets a name out", path)
		}
		if data := talkData(t, body); path == "/t/" && data["name"] != name {
			t.Errorf("the name came out as %v", data["name"])
		}
	}
}

func TestWithoutScriptsAConversationSaysWhatItNeeds(t *testing.T) {
	_, s := nastyShop(t)
	_, body := get(t, s, "/t/")
	_, rest, _ := strings.Cut(body, "<noscript>")
	without, _, _ := strings.Cut(rest, "</noscript>")
	for _, holds := range []string{"JavaScript", "mailto:", `href="/"`} {
		if !strings.Contains(without, holds) {
			t.Errorf("without scripts the page lacks %s", holds)
		}
	}
}

func TestMyShopsIsAPageOfTheServer(t *testing.T) {
	_, _, _, s := twoShops(t)
	resp, body := get(t, s, "/shops")
	if data := talkData(t, body); resp.StatusCode != http.StatusOK || data["others"] != true || !strings.Contains(body, `href="/shops"`) {
		t.Errorf("%d %.500s", resp.StatusCode, body)
	}
}

// maxTalkScript is what the scripts of an opened conversation may weigh compressed.
const maxTalkScript = 60 << 10

func TestTheScriptsOfAConversationAreLight(t *testing.T) {
	_, s := nastyShop(t)
	for _, coding := range []string{"br", "gzip"} {
		weight := 0
		for _, path := range assetsOf(t, s, "/t/") {
			if resp, body := get(t, s, path, "Accept-Encoding", coding); strings.HasPrefix(resp.Header.Get("Content-Type"), "text/javascript") {
				weight += len(body)
			}
		}
		t.Logf("%d bytes with %s", weight, coding)
		if coding == "br" && weight > maxTalkScript {
			t.Errorf("%d bytes of scripts, allowed are %d", weight, maxTalkScript)
		}
	}
}

func TestTheScriptThatWakesUpHasItsAddressAndScope(t *testing.T) {
	_, s := nastyShop(t)
	resp, body := get(t, s, "/t/push-worker.js")
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Service-Worker-Allowed") != "/t/" || resp.Header.Get("Cache-Control") != "no-cache" || !strings.Contains(body, "push") {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
	for path, want := range map[string]string{"/t/": "trusted-types stoa-worker", "/": "trusted-types 'none'", "/p/viele": "trusted-types 'none'"} {
		if resp, _ := get(t, s, path); !strings.HasSuffix(resp.Header.Get("Content-Security-Policy"), want) {
			t.Errorf("%s has the policy %s", path, resp.Header.Get("Content-Security-Policy"))
		}
	}
}
