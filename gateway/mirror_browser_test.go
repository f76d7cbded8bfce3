package gateway_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/stoa-commerce/stoa/gateway"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// todaysMirror is a tea house's server that shows the nasty shop, signed a minute ago
// by the browser's clock too.
func todaysMirror(t *testing.T, records ...catalog.Record) (own *brand, m *street) {
	own = newBrandOf(t, 7)
	own.clock = time.Now().Add(-time.Minute)
	teahouse(own)
	other := own.beside(1)
	nasty(other)
	if len(records) > 0 {
		other.publish(records...)
	}
	own.clock = time.Now()
	return own, (&street{}).follow(other, "werkzeug")
}

// showMirror puts the server of a brand with what it mirrors behind the front.
func (f *front) showMirror(own *brand, m *street) {
	g := http.Handler(own.gatewayWith(m))
	f.behind.Store(&g)
	f.lie(func(_, body string) (string, bool) { return body, true })
}

func TestTheBadgeOfAMirroredPageTellsTheTruth(t *testing.T) {
	notShort(t)
	own, m := todaysMirror(t)
	f := newFront(t, own)
	f.showMirror(own, m)
	ctx := watch(t)
	for name, c := range map[string]struct {
		known         gateway.Freshness
		finding, tone string
		line, did     string
	}{
		"current":   {gateway.Freshness{State: "current"}, "checked", "good", "gerade geprüft", "gerade geprüft"},
		"stale":     {gateway.Freshness{State: "stale", Seen: protocol.MillisOf(own.clock) - 10*minute}, "stale", "plain", "gerade geprüft", "weiß hier zurzeit niemand"},
		"expired":   {gateway.Freshness{State: "expired"}, "expired", "mind", "länger nicht erneuert", "erneuern müssen"},
		"contested": {gateway.Freshness{State: "contested"}, "contested", "warn", "Zwei Kataloge", "Kaufen Sie hier nicht"},
		"forked":    {gateway.Freshness{State: "contested", Reason: "identity"}, "contested", "warn", "nicht klar, wer", "Kaufen Sie hier nicht"},
	} {
		m.fresh("werkzeug", c.known)
		s := judged(t, ctx, f.URL+"/@werkzeug/p/viele").fine(t)
		tone := eval[string](t, ctx, `document.querySelector('.signature').dataset.tone`)
		if s.Finding != c.finding || tone != c.tone || !strings.Contains(s.Line, c.line) || !strings.Contains(s.Did, c.did) {
			t.Errorf("%s: %s %+v", name, tone, s)
		}
		if s.Alarm != "" {
			t.Errorf("%s: the page says it and lets nobody buy, and yet an alarm repeats it", name)
		}
	}
}

func TestAMirrorThatAltersAPriceIsFound(t *testing.T) {
	notShort(t)
	own, m := todaysMirror(t)
	f := newFront(t, own)
	f.showMirror(own, m)
	f.lie(func(path, body string) (string, bool) { return strings.ReplaceAll(body, "24,90", "14,90"), true })
	ctx := watch(t)
	for _, known := range []string{"current", "stale", "expired"} {
		m.fresh("werkzeug", gateway.Freshness{State: known})
		if s := judged(t, ctx, f.URL+"/@werkzeug/p/viele").fine(t); s.Finding != "altered" || s.Alarm == "" {
			t.Errorf("%s: %+v", known, s)
		}
	}
}

func TestAMirrorThatGoesBackIsFound(t *testing.T) {
	notShort(t)
	early, before := todaysMirror(t)
	late, after := todaysMirror(t, simple("lang", "Langes", 100)...)
	f := newFront(t, late)
	f.showMirror(late, after)
	ctx := watch(t)
	if s := judged(t, ctx, f.URL+"/@werkzeug/p/viele").fine(t); s.Finding != "checked" {
		t.Errorf("first: %+v", s)
	}
	f.showMirror(early, before)
	if s := judged(t, ctx, f.URL+"/@werkzeug/p/viele").fine(t); s.Finding != "older" || !strings.Contains(s.Did, "Spiegel") {
		t.Errorf("%+v", s)
	}
	if s := judged(t, ctx, f.URL+"/p/sencha").fine(t); s.Finding != "checked" {
		t.Errorf("what is remembered of one brand is held against another: %+v", s)
	}
}

func TestTimesStayTrueWhileAPageIsOpen(t *testing.T) {
	notShort(t)
	own, m := todaysMirror(t)
	f := newFront(t, own)
	f.showMirror(own, m)
	ctx := watch(t, returns)
	must(t, chromedp.Do(ctx, chromedp.EmulateViewport(390, 844)))
	open(t, ctx, f.URL+"/@werkzeug/p/viele")
	for hours, want := range map[int]string{0: "Min.", 3: "vor 3 Std."} {
		eval[any](t, ctx, `comeBack(`+string(rune('0'+hours))+` * 3_600_000), 0`)
		if got := eval[string](t, ctx, `document.querySelector('.mark time').textContent`); !strings.Contains(got, want) && hours > 0 {
			t.Errorf("%d hours later: %q", hours, got)
		}
	}
	m.fresh("werkzeug", gateway.Freshness{State: "stale", Seen: protocol.MillisOf(own.clock) - 10*minute})
	call(t, ctx, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Asia/Tokyo"})
	open(t, ctx, f.URL+"/@werkzeug/p/viele")
	tokyo := own.clock.Add(-10 * time.Minute).In(time.FixedZone("", 9*3600)).Format("15:04")
	if got := eval[string](t, ctx, `document.querySelector('.mark time').textContent`); !strings.HasSuffix(got, tokyo) {
		t.Errorf("in Tokyo it says %q, want %s", got, tokyo)
	}
}

// mirrorViews are pages in every state, with long German names.
var mirrorViews = []struct{ state, path string }{
	{"current", "/@werkzeug/"}, {"current", "/@werkzeug/p/viele"}, {"stale", "/@werkzeug/p/viele"}, {"expired", "/@werkzeug/p/viele"}, {"contested", "/@werkzeug/p/lang"},
	{"contested", "/@werkzeug/"}, {"contested", "/brands"}, {"current", "/brands"}, {"stale", "/brands?q=handschuh"}, {"current", "/@nobody/"}, {"stale", "/@werkzeug/nirgends"},
}

func TestMirroredPagesFitTheScreen(t *testing.T) {
	notShort(t)
	ctx := browser(t)
	_, _, m, s := twoShops(t)
	for _, width := range []int64{320, 390, 768, 1440} {
		must(t, chromedp.Do(ctx, chromedp.EmulateViewport(width, 844)))
		for _, v := range mirrorViews {
			m.fresh("werkzeug", gateway.Freshness{State: v.state, Seen: 1772643900000})
			open(t, ctx, s.URL+v.path)
			if wide := eval[int64](t, ctx, `document.documentElement.scrollWidth`); wide > width {
				t.Errorf("%s (%s) at %d pixels is %d wide", v.path, v.state, width, wide)
			}
			if small := eval[[]string](t, ctx, smallTargets); len(small) > 0 {
				t.Errorf("%s (%s) at %d pixels: %s", v.path, v.state, width, small)
			}
		}
	}
}

func TestAxeFindsNothingSeriousOnMirroredPages(t *testing.T) {
	notShort(t)
	source := axe(t)
	ctx := browser(t)
	_, _, m, s := twoShops(t)
	call(t, ctx, page.Enable, page.EnableParams{})
	call(t, ctx, page.SetBypassCSP, page.SetBypassCSPParams{Enabled: true})
	for scheme, size := range map[string][2]int64{"light": {390, 844}, "dark": {1440, 900}} {
		call(t, ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		must(t, chromedp.Do(ctx, chromedp.EmulateViewport(size[0], size[1])))
		for _, v := range mirrorViews {
			m.fresh("werkzeug", gateway.Freshness{State: v.state, Seen: 1772643900000})
			open(t, ctx, s.URL+v.path)
			if found := findings(t, ctx, source); len(found) > 0 {
				t.Errorf("%s (%s) at %d pixels, %s:\n%s", v.path, v.state, size[0], scheme, strings.Join(found, "\n"))
			}
		}
	}
}

// loaded says whether every picture of the page is shown.
const loaded = `Promise.all([...document.images].map(i => { i.loading = 'eager'; return i.decode().then(() => '', () => i.currentSrc); })).then(all => all.filter(Boolean))`

func TestAPictureOnItsWayIsNoBrokenPicture(t *testing.T) {
	notShort(t)
	_, other, m, s := twoShops(t)
	media, _ := other.elsewhere("#336699")
	records := simple("fern", "Von fern", 100)
	records[0].(*catalog.Product).Media = []catalog.MediaRef{{Blob: media.Blob, Alt: "Von fern"}}
	other.publish(records...)
	ctx := browser(t)
	open(t, ctx, s.URL+"/@werkzeug/p/fern")
	broken, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](loaded, chromedp.EvalAwaitPromise))
	must(t, err)
	if len(broken) > 0 || !m.hasWanted(media.Blob) {
		t.Errorf("broken are %v", broken)
	}
}

func TestAMirroredProductPageIsLight(t *testing.T) {
	notShort(t)
	_, _, m, s := twoShops(t)
	m.fresh("werkzeug", gateway.Freshness{State: "contested"})
	weight := 0
	for _, path := range append([]string{"/@werkzeug/p/viele"}, assetsOf(t, s, "/@werkzeug/p/viele")...) {
		get(t, s, path, "Accept-Encoding", "br, gzip")
		if resp, body := get(t, s, path, "Accept-Encoding", "br, gzip"); !strings.HasPrefix(resp.Header.Get("Content-Type"), "font/") {
			weight += len(body)
		}
	}
	t.Logf("%d bytes of HTML, styles and scripts", weight)
	if weight > maxPageWeight {
		t.Errorf("%d bytes, allowed are %d", weight, maxPageWeight)
	}
}
