package gateway_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/gateway"
	"github.com/stoa-commerce/stoa/protocol"
)

const minute = protocol.Millis(60_000)

// freshnesses are what a node may know, and what its pages say then.
func freshnesses(b *brand) map[string]struct {
	known   gateway.Freshness
	holds   []string
	forbids []string
} {
	seen := protocol.MillisOf(b.clock) - 95*minute
	return map[string]struct {
		known          gateway.Freshness
		holds, forbids []string
	}{
		"current": {gateway.Freshness{State: "current", Seen: seen}, []string{`class="mark is-current"`, "Gespiegelt von Werkzeugmanufaktur", "signiert <time", "gerade eben", "data-ask"}, []string{"buy-bar is-closed", `role="status"`}},
		"stale":   {gateway.Freshness{State: "stale", Seen: seen}, []string{`class="mark is-stale"`, "hat seit <time", "15:30 UTC", "nicht geantwortet", "data-ask"}, []string{"buy-bar is-closed"}},
		"unheard": {gateway.Freshness{State: "stale"}, []string{"hat noch nicht geantwortet", "data-ask"}, nil},
		"behind":  {gateway.Freshness{State: "stale", Behind: true, Seen: seen}, []string{"noch nicht angekommen", "data-ask"}, nil},
		"expired": {gateway.Freshness{State: "expired", Seen: seen}, []string{`class="mark is-expired"`, "nicht bestätigt seit", "nichts kaufen", "buy-bar is-closed", `name="robots" content="noindex"`}, []string{"data-ask", "ld+json", "product:price"}},
		"contested": {gateway.Freshness{State: "contested", Reason: "two heads at 0.1"}, []string{`class="mark is-contested"`, "die sich widersprechen", "dieselbe Nummer", "nichts kaufen", "buy-bar is-closed"},
			[]string{"data-ask", "ld+json", "two heads", "product:price"}},
		"revoked": {gateway.Freshness{State: "contested", Reason: "signed with a key that the brand has revoked"}, []string{"den Werkzeugmanufaktur Düsseldorf-Oberkassel widerrufen hat", "buy-bar is-closed"}, []string{"dieselbe Nummer"}},
		"forked":  {gateway.Freshness{State: "contested", Reason: "identity"}, []string{"nicht klar, wer für", "Schlüssel, die für", "ausschließen", "buy-bar is-closed"}, []string{"dieselbe Nummer", "data-ask"}},
	}
}

func TestMirroredPagesSayHowFreshTheyAre(t *testing.T) {
	_, other, m, s := twoShops(t)
	for name, c := range freshnesses(other) {
		m.fresh("werkzeug", c.known)
		_, body := get(t, s, "/@werkzeug/p/viele")
		for _, words := range c.holds {
			if !strings.Contains(body, words) {
				t.Errorf("%s: the page lacks %q", name, words)
			}
		}
		for _, words := range c.forbids {
			if strings.Contains(body, words) {
				t.Errorf("%s: the page holds %q", name, words)
			}
		}
		for _, path := range []string{"/@werkzeug/", "/@werkzeug/c/all", "/@werkzeug/pages/versand", "/@werkzeug/nirgends"} {
			if _, body := get(t, s, path); !strings.Contains(body, `class="mark is-`+string(c.known.State)+`"`) {
				t.Errorf("%s: %s says nothing of it", name, path)
			}
		}
	}
}

func TestTheOwnShopSaysWhenNobodyShouldBuy(t *testing.T) {
	own, _, m, s := twoShops(t)
	if _, body := get(t, s, "/p/sencha"); strings.Contains(body, `class="mark`) || !strings.Contains(body, "data-ask") {
		t.Error("the own page has a mark without need")
	}
	for state, words := range map[string]string{"contested": "contradict each other", "expired": "hasn&#39;t confirmed"} {
		m.mu.Lock()
		m.own = gateway.Freshness{State: state}
		m.mu.Unlock()
		_, body := get(t, s, "/p/sencha")
		if !strings.Contains(body, words) || strings.Contains(body, "data-ask") || strings.Contains(body, "This server isn") {
			t.Errorf("%s: %.900s", state, body)
		}
	}
	m.mu.Lock()
	m.own = gateway.Freshness{State: "current"}
	m.mu.Unlock()
	own.clock = own.last.Expires.Time()
	if _, body := get(t, s, "/p/sencha"); !strings.Contains(body, "hasn&#39;t confirmed") || strings.Contains(body, "data-ask") {
		t.Error("an expired catalog can be bought from")
	}
}

func TestTheAgeOfASignatureIsTold(t *testing.T) {
	own, other, _, s := twoShops(t)
	signed := other.last.Time.Time()
	for passed, want := range map[time.Duration]string{
		30 * time.Second: "gerade eben", 4 * time.Minute: "vor 4 Min.", 13 * time.Minute: "vor 10 Min.", 59 * time.Minute: "vor 55 Min.",
		2*time.Hour + 50*time.Minute: "vor 2 Std.", 25 * time.Hour: "vor 1 Tag", 60 * time.Hour: "vor 2 Tagen",
	} {
		own.clock = signed.Add(passed)
		if _, body := get(t, s, "/@werkzeug/p/viele"); !strings.Contains(body, ">"+want+"</time>") {
			t.Errorf("after %s the page doesn't say %q", passed, want)
		}
	}
}
