package gateway_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// front stands before gateways and changes what they say.
type front struct {
	*httptest.Server
	behind atomic.Pointer[http.Handler]
	change atomic.Pointer[func(path, body string) (string, bool)] // false cuts the connection
	proofs atomic.Int64                                           // asked for
}

func newFront(t *testing.T, b *brand) *front {
	f := &front{}
	f.show(b)
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

// show puts the gateway of a brand behind the front, and changes nothing.
func (f *front) show(b *brand) {
	g := http.Handler(b.gateway())
	f.behind.Store(&g)
	f.lie(func(_, body string) (string, bool) { return body, true })
}

func (f *front) lie(change func(path, body string) (string, bool)) { f.change.Store(&change) }

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Header.Del("Accept-Encoding")
	r.Header.Del("If-None-Match")
	if strings.HasPrefix(r.URL.Path, "/proof/") {
		f.proofs.Add(1)
	}
	answer := httptest.NewRecorder()
	(*f.behind.Load()).ServeHTTP(answer, r)
	body, ok := (*f.change.Load())(r.URL.Path, answer.Body.String())
	if !ok {
		panic(http.ErrAbortHandler)
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(answer.Code)
	_, _ = w.Write([]byte(body))
}

// forge replaces the proof.
func forge(proof string) func(path, body string) (string, bool) {
	return func(path, body string) (string, bool) {
		if strings.HasPrefix(path, "/proof/") {
			return proof, true
		}
		return body, true
	}
}

// rewrite replaces a text of the page.
func rewrite(old, with string) func(path, body string) (string, bool) {
	return func(path, body string) (string, bool) {
		if strings.HasPrefix(path, "/p/") {
			return strings.ReplaceAll(body, old, with), true
		}
		return body, true
	}
}

// today is a brand that has published the nasty shop just now, by the browser's
// clock too.
func today(t *testing.T, records ...catalog.Record) *brand {
	return at(t, time.Now().Add(-time.Minute), records...)
}

func at(t *testing.T, clock time.Time, records ...catalog.Record) *brand {
	b := newBrand(t)
	b.clock = clock
	nasty(b)
	if len(records) > 0 {
		b.publish(records...)
	}
	return b
}

func (b *brand) proof(path string) string {
	b.t.Helper()
	w := httptest.NewRecorder()
	b.gateway().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/proof/"+b.id.String()+"/"+path, nil))
	return w.Body.String()
}

// watched counts what a page must not do: break its policy, or move once it is
// loaded.
const watched = `window.broken = []; window.moved = 0;
	const loaded = () => performance.getEntriesByType('navigation')[0].loadEventStart;
	addEventListener('securitypolicyviolation', e => broken.push(e.violatedDirective + ' ' + e.blockedURI));
	addEventListener('error', e => broken.push('error ' + e.message), true);
	addEventListener('unhandledrejection', e => broken.push('rejected ' + e.reason));
	new PerformanceObserver(list => { for (const e of list.getEntries()) if (loaded() && e.startTime >= loaded()) moved += e.value; }).observe({type: 'layout-shift', buffered: true});`

// said is what the page says of its signature.
type said struct {
	Finding, Line, What, Did, Alarm, Checked string
	Broken                                   []string
	Moved                                    float64
}

const saidNow = `(() => { const s = document.querySelector('.signature'), text = name => s.querySelector('[data-say=' + name + ']').textContent;
	return {finding: s.dataset.finding ?? '', line: text('line'), what: text('what'), did: text('did'), checked: text('checked'),
		alarm: document.querySelector('.alarm')?.textContent ?? '', broken, moved}; })()`

// judged opens an address and waits for what the page finds.
func judged(t *testing.T, ctx context.Context, address string) said {
	t.Helper()
	open(t, ctx, address)
	for range 200 {
		if s := eval[said](t, ctx, saidNow); s.Finding != "" {
			return s
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("%s: nothing is found: %+v", address, eval[said](t, ctx, saidNow))
	return said{}
}

// watch opens a tab in which scripts run before those of the page.
func watch(t *testing.T, scripts ...string) context.Context {
	t.Helper()
	ctx := browser(t)
	call(t, ctx, page.Enable, page.EnableParams{})
	for _, script := range append([]string{watched}, scripts...) {
		call(t, ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
	}
	must(t, chromedp.Do(ctx, chromedp.EmulateViewport(390, 844)))
	return ctx
}

// fine fails the test when the page broke its policy or moved.
func (s said) fine(t *testing.T) said {
	t.Helper()
	if len(s.Broken) > 0 || s.Moved > 0.001 {
		t.Errorf("broken: %v, moved by %f", s.Broken, s.Moved)
	}
	return s
}

func TestAnHonestPageIsChecked(t *testing.T) {
	notShort(t)
	f := newFront(t, today(t))
	ctx := watch(t)
	for i, path := range []string{"/p/viele", "/p/viele?variant=h-1-1", "/p/viele?variant=h-2-2", "/p/lang", "/p/bildlos", "/p/teuer"} {
		must(t, chromedp.Do(ctx, chromedp.EmulateViewport([]int64{390, 1440}[i%2], 844)))
		s := judged(t, ctx, f.URL+path).fine(t)
		if s.Finding != "checked" || s.Line != "Signiert von Werkzeugmanufaktur Düsseldorf-Oberkassel, gerade geprüft" || s.Alarm != "" || s.Checked == "" {
			t.Errorf("%s: %+v", path, s)
		}
	}
}

// evil are the ways in which a page or its proof can be wrong, and what is found.
func evil(b *brand) map[string]struct {
	change  func(path, body string) (string, bool)
	finding string
} {
	proof := b.proof("product/viele")
	flipped := []byte(proof)
	flipped[len(flipped)/2] ^= 1
	return map[string]struct {
		change  func(path, body string) (string, bool)
		finding string
	}{
		"a bit of the proof":           {forge(string(flipped)), "invalid"},
		"half a proof":                 {forge(proof[:len(proof)/2]), "invalid"},
		"no proof at all":              {forge(""), "invalid"},
		"the proof of another product": {forge(b.proof("product/lang")), "invalid"},
		"the proof of no product":      {forge(b.proof("product/nirgends")), "invalid"},
		"the prices":                   {rewrite("24,90", "14,90"), "altered"},
		"one visible price":            {rewrite(`<p class="product-price"><span class="price"><span data-show="price">24,90`, `<p class="product-price"><span class="price"><span data-show="price">14,90`), "altered"},
		"the amounts for scripts":      {rewrite(`"minor":2490`, `"minor":1490`), "altered"},
		"the currency":                 {rewrite(`"currency":"EUR"`, `"currency":"CZK"`), "altered"},
		"a former price":               {rewrite(`"was":"39,90`, `"was":"99,90`), "altered"},
		"availability":                 {rewrite(`"class":"out-of-stock","words":"Ausverkauft","buyable":false`, `"class":"in-stock","words":"Auf Lager","buyable":true`), "altered"},
		"the visible availability":     {rewrite(`data-class="in-stock"`, `data-class="low-stock"`), "altered"},
	}
}

func TestWhatWasAlteredIsFound(t *testing.T) {
	notShort(t)
	b := today(t)
	f := newFront(t, b)
	ctx := watch(t)
	for what, c := range evil(b) {
		f.lie(c.change)
		s := judged(t, ctx, f.URL+"/p/viele").fine(t)
		if s.Finding != c.finding || s.Alarm == "" || !strings.HasPrefix(s.Alarm, s.What+s.Did) || !strings.Contains(s.Did, "Laden") && !strings.Contains(s.Did, "laden") {
			t.Errorf("%s: %+v, want %s", what, s, c.finding)
		}
	}
}

func TestWarningsAreAccessible(t *testing.T) {
	notShort(t)
	source := axe(t)
	f := newFront(t, today(t))
	for _, change := range []func(path, body string) (string, bool){forge(""), func(_, body string) (string, bool) { return body, true }} {
		for _, scheme := range []string{"light", "dark"} {
			ctx := watch(t, `{ const now = Date.now; Date.now = () => now() + 200 * 3_600_000; }`) // expired, if it isn't invalid
			call(t, ctx, page.SetBypassCSP, page.SetBypassCSPParams{Enabled: true})
			call(t, ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
			f.lie(change)
			s := judged(t, ctx, f.URL+"/p/viele")
			eval[any](t, ctx, `document.querySelector('.signature').open = true, 0`)
			if found := findings(t, ctx, source); len(found) > 0 {
				t.Errorf("%s, %s: %s", s.Finding, scheme, strings.Join(found, "\n"))
			}
		}
	}
}

func TestAProofOfAnotherBrandIsNone(t *testing.T) {
	notShort(t)
	other := newBrandOf(t, 7)
	other.clock = time.Now().Add(-time.Minute)
	nasty(other)
	f := newFront(t, today(t))
	f.lie(forge(other.proof("product/viele")))
	if s := judged(t, watch(t), f.URL+"/p/viele").fine(t); s.Finding != "invalid" {
		t.Errorf("%+v", s)
	}
}

func TestAnOlderPageThanSeenBeforeIsFound(t *testing.T) {
	notShort(t)
	early, late := today(t), today(t, simple("lang", "Langes", 100)...)
	f := newFront(t, late)
	ctx := watch(t)
	if s := judged(t, ctx, f.URL+"/p/teuer").fine(t); s.Finding != "checked" {
		t.Errorf("first: %+v", s)
	}
	f.show(early)
	s := judged(t, ctx, f.URL+"/p/viele").fine(t)
	if s.Finding != "older" || !strings.HasSuffix(s.Line, "aber älter als schon gesehen") || !strings.Contains(s.Did, "in ein paar Minuten") {
		t.Errorf("%+v", s)
	}
	f.show(late)
	if s := judged(t, ctx, f.URL+"/p/viele").fine(t); s.Finding != "checked" {
		t.Errorf("after it: %+v", s)
	}
}

func TestTwoCatalogsAtOnePlaceAreFound(t *testing.T) {
	notShort(t)
	clock := time.Now().Add(-time.Minute)
	one, other := at(t, clock, simple("lang", "Langes", 100)...), at(t, clock, simple("lang", "Langes", 200)...)
	f := newFront(t, one)
	ctx := watch(t)
	judged(t, ctx, f.URL+"/p/viele")
	for name, b := range map[string]*brand{"the other": other, "the first again": one} {
		f.show(other)
		judged(t, ctx, f.URL+"/p/viele")
		f.show(b)
		if s := judged(t, ctx, f.URL+"/p/viele").fine(t); s.Finding != "contested" || !strings.HasPrefix(s.Did, "Kaufen Sie hier nicht") || s.Alarm == "" {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestAClockDecidesWhetherASignatureIsRecent(t *testing.T) {
	notShort(t)
	f := newFront(t, today(t))
	for hours, want := range map[int]string{-1: "clock", 0: "checked", 200: "expired"} {
		ctx := watch(t, fmt.Sprintf(`{ const now = Date.now; Date.now = () => now() + %d * 3_600_000; }`, hours))
		s := judged(t, ctx, f.URL+"/p/viele").fine(t)
		if s.Finding != want || s.Alarm != "" || want == "expired" && !strings.HasSuffix(s.Line, "aber länger nicht erneuert") {
			t.Errorf("%d hours later: %+v", hours, s)
		}
	}
}

func TestABrowserThatCannotCheckSaysSo(t *testing.T) {
	notShort(t)
	f := newFront(t, today(t))
	for want, script := range map[string]string{
		"offline":     ``,
		"insecure":    `Object.defineProperty(Crypto.prototype, 'subtle', {get: () => undefined})`,
		"old-browser": `SubtleCrypto.prototype.importKey = () => Promise.reject(new DOMException('', 'NotSupportedError'))`,
	} {
		f.lie(func(path, body string) (string, bool) {
			return body, want != "offline" || !strings.HasPrefix(path, "/proof/")
		})
		s := judged(t, watch(t, script), f.URL+"/p/viele").fine(t)
		if s.Finding != want || s.Line != "Signiert von Werkzeugmanufaktur Düsseldorf-Oberkassel" || s.Alarm != "" || !strings.Contains(s.Did, "prüfen") || s.Checked != "" {
			t.Errorf("%s: %+v", want, s)
		}
	}
}

func TestACheckerThatIsNotThePagesOwnDoesNotRun(t *testing.T) {
	notShort(t)
	f := newFront(t, today(t))
	f.lie(func(path, body string) (string, bool) {
		if strings.HasPrefix(path, "/assets/check-") {
			return body + "\ndocument.title = 'ran';", true
		}
		return body, true
	})
	ctx := watch(t)
	open(t, ctx, f.URL+"/p/viele")
	waited, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`new Promise(done => {
		const look = () => document.querySelector('link[rel=modulepreload]') ? setTimeout(done, 500, true) : setTimeout(look, 25); look(); })`, chromedp.EvalAwaitPromise))
	must(t, err)
	if title := eval[string](t, ctx, `document.title`); !waited || title == "ran" || eval[said](t, ctx, saidNow).Finding != "" {
		t.Errorf("it ran: %q", title)
	}
}

// order says that what checks is asked for only after the page has loaded.
const order = `performance.getEntriesByName(new URL(document.querySelector('.signature').dataset.script, location)).map(e => e.startTime).sort((a, b) => a - b)[0]
	>= performance.getEntriesByType('navigation')[0].loadEventStart`

func TestCheckingWaitsForThePage(t *testing.T) {
	notShort(t)
	f := newFront(t, today(t))
	ctx := watch(t)
	judged(t, ctx, f.URL+"/p/viele")
	if !eval[bool](t, ctx, order) {
		t.Error("what checks was asked for while the page loaded")
	}
}

// returns moves the clock and comes back to the tab.
const returns = `{ let late = 0; const now = Date.now; Date.now = () => now() + late;
	window.comeBack = ms => { late += ms; document.dispatchEvent(new Event('visibilitychange')); }; }`

func TestAPageIsCheckedAgainLater(t *testing.T) {
	notShort(t)
	b := today(t)
	f := newFront(t, b)
	ctx := watch(t, returns)
	judged(t, ctx, f.URL+"/p/lang")
	b.publish(simple("lang", "Langes", 777)...)
	for _, c := range []struct {
		millis  int
		finding string
	}{{1000, "checked"}, {600_000, "altered"}} {
		asked := f.proofs.Load()
		eval[any](t, ctx, fmt.Sprintf(`comeBack(%d), 0`, c.millis))
		found := ""
		for range 200 {
			if found = eval[said](t, ctx, saidNow).Finding; found == c.finding {
				break
			}
			time.Sleep(25 * time.Millisecond)
		}
		if found != c.finding || f.proofs.Load() > asked != (c.finding == "altered") {
			t.Errorf("%d ms later: %s, want %s; %d proofs, %d before", c.millis, found, c.finding, f.proofs.Load(), asked)
		}
	}
}

func TestAPickedVariantIsCheckedToo(t *testing.T) {
	notShort(t)
	f := newFront(t, today(t))
	ctx := watch(t, `document.addEventListener('DOMContentLoaded', () => document.querySelector('.choice[data-label="L"]').click())`)
	if s := judged(t, ctx, f.URL+"/p/viele"); s.Finding != "checked" || eval[string](t, ctx, `location.search`) != "?variant=h-0-2" {
		t.Errorf("%+v", s)
	}
}

func TestTheStoryOfTheSignatureCanBeRead(t *testing.T) {
	notShort(t)
	b := today(t)
	f := newFront(t, b)
	ctx := watch(t)
	judged(t, ctx, f.URL+"/p/viele")
	eval[any](t, ctx, `document.querySelector('.signature summary').click(), 0`)
	story := eval[string](t, ctx, `document.querySelector('.signature').innerText`)
	for _, part := range []string{"gerade geprüft", "kann nicht für sich selbst bürgen", "stoa verify viele.proof --brand " + b.id.String(), b.last.CID.String(), "hier geprüft"} {
		if !strings.Contains(story, part) {
			t.Errorf("the story doesn't hold %q:\n%s", part, story)
		}
	}
}
