package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// notShort leaves out of a short run, such as the race detector's, what takes a browser
// or renders every page there is.
func notShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: not every page was made and opened in a browser")
	}
}

// browser opens a tab. Without Chromium the test is skipped, or fails when
// STOA_BROWSER=required.
func browser(t *testing.T) context.Context {
	t.Helper()
	notShort(t)
	if _, err := exec.LookPath("chromium"); err != nil {
		if os.Getenv("STOA_BROWSER") == "required" {
			t.Fatal("STOA_BROWSER=required, and chromium isn't installed")
		}
		t.Skip("chromium isn't installed: pages weren't opened in a browser")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath("chromium"), chromedp.NoSandbox,
		chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-background-networking", true))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return ctx
}

func open(t *testing.T, ctx context.Context, address string) {
	t.Helper()
	if err := chromedp.Do(ctx, chromedp.Navigate(address)); err != nil {
		t.Fatal(err)
	}
}

func eval[T any](t *testing.T, ctx context.Context, script string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return v
}

func call[P, R any](t *testing.T, ctx context.Context, command cdp.Command[P, R], params P) R {
	t.Helper()
	r, err := chromedp.Call(ctx, command, params)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPagesFitTheScreen(t *testing.T) {
	ctx := browser(t)
	_, s := nastyShop(t)
	for _, width := range []int64{320, 390, 768, 1440} {
		must(t, chromedp.Do(ctx, chromedp.EmulateViewport(width, 844)))
		for _, path := range shopPages {
			open(t, ctx, s.URL+path)
			if wide := eval[int64](t, ctx, `document.documentElement.scrollWidth`); wide > width {
				t.Errorf("%s at %d pixels is %d wide", path, width, wide)
			}
		}
	}
}

// smallTargets lists what can be tapped and is smaller than 24 pixels (WCAG 2.5.8)
// without being part of a line of text.
const smallTargets = `[...document.querySelectorAll('a,button,input,summary')].filter(e => {
	const r = e.getBoundingClientRect();
	return r.width > 1 && r.height > 1 && r.height < 24 && !e.closest('p, .prose, h3') && getComputedStyle(e).clipPath === 'none';
}).map(e => e.outerHTML.slice(0, 80))`

func TestTargetsCanBeHit(t *testing.T) {
	ctx := browser(t)
	_, s := nastyShop(t)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(390, 844)); err != nil {
		t.Fatal(err)
	}
	for _, path := range shopPages {
		open(t, ctx, s.URL+path)
		if small := eval[[]string](t, ctx, smallTargets); len(small) > 0 {
			t.Errorf("%s: %s", path, small)
		}
	}
}

// shown reads what the product page says of the chosen variant.
const shown = `(() => document.readyState !== 'complete' || !document.querySelector('.site-footer') ? {} : ({
	price: document.querySelector('.product-price [data-show=price]').textContent,
	bar: document.querySelector('.buy-bar [data-show=price]').textContent,
	words: document.querySelector('.availability').textContent,
	chosen: [...document.querySelectorAll('[data-current]')].map(e => e.textContent).join(' '),
	address: location.search,
	sku: document.querySelector('[data-fact=sku] dd').textContent,
	first: [...document.querySelectorAll('.frame')].find(f => Math.abs(f.getBoundingClientRect().left - document.querySelector('.frames').getBoundingClientRect().left) < 2)?.querySelector('img').alt ?? '',
	ask: document.querySelector('[data-ask]').href.split('variant=')[1],
	marks: [...document.querySelectorAll('.choice')].map(c => c.className.replace(/choice|swatch/g, '').trim()).join(),
}))()`

type shownVariant struct{ Price, Bar, Words, Chosen, Address, SKU, First, Ask, Marks string }

// pick clicks the choice of that label.
func pick(t *testing.T, ctx context.Context, label string) {
	t.Helper()
	click := fmt.Sprintf(`document.querySelector('.choice[data-label=%q]').click()`, label)
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[any](click)); err != nil {
		t.Fatal(err)
	}
}

// settled waits until the page shows the variant.
func settled(t *testing.T, ctx context.Context, id, alt string) shownVariant {
	t.Helper()
	var v shownVariant
	for range 100 {
		// An error means that the page is just being left.
		now, err := chromedp.Run(ctx, chromedp.Evaluate[shownVariant](shown))
		if v = now; err == nil && v.Address == "?variant="+id && v.First == alt {
			return v
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("the page doesn't come to %s (%s): %+v", id, alt, v)
	return v
}

func TestPickingAVariantIsTheSameWithAndWithoutScripts(t *testing.T) {
	_, s := nastyShop(t)
	seen := map[bool][]shownVariant{}
	for _, scripts := range []bool{true, false} {
		ctx := browser(t)
		open(t, ctx, s.URL+"/p/viele")
		call(t, ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !scripts})
		open(t, ctx, s.URL+"/p/viele?variant=h-0-0")
		eval[bool](t, ctx, `window.stayed = true`)
		for _, step := range []struct{ label, id, alt string }{
			{"Grün", "h-2-0", "Handschuh in Grün"}, {"M", "h-2-1", "Handschuh in Grün"}, {"Blau", "h-1-1", "Handschuh in Blau"},
			{"Sondergröße für Schwerlasthandschuhe", "h-1-3", "Handschuh in Blau"}, {"Rot", "h-0-0", "Handschuh in Rot"},
		} {
			pick(t, ctx, step.label)
			seen[scripts] = append(seen[scripts], settled(t, ctx, step.id, step.alt))
		}
		if stayed := eval[bool](t, ctx, `window.stayed === true`); stayed != scripts {
			t.Errorf("with scripts %v, the page stayed: %v", scripts, stayed)
		}
	}
	for i, with := range seen[true] {
		if without := seen[false][i]; with != without {
			t.Errorf("step %d\n   with scripts %+v\nwithout scripts %+v", i, with, without)
		}
	}
	if v := seen[true][2]; v.Words != "Ausverkauft" || v.Price != "25,90\u00a0€" || v.Bar != v.Price || v.SKU != "HS-11" || v.Ask != "h-1-1" {
		t.Errorf("blue, M: %+v", v)
	}
}

func TestNoPageBreaksItsOwnPolicy(t *testing.T) {
	ctx := browser(t)
	_, s := nastyShop(t)
	var mu sync.Mutex
	var foreign []string
	must(t, chromedp.Listen(ctx, func(ev any) {
		if e, ok := ev.(*network.EventRequestWillBeSent); ok && !strings.HasPrefix(e.Request.URL, s.URL) {
			mu.Lock()
			foreign = append(foreign, e.Request.URL)
			mu.Unlock()
		}
	}))
	call(t, ctx, network.Enable, network.EnableParams{})
	call(t, ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `window.broken = [];
		addEventListener('securitypolicyviolation', e => broken.push(e.violatedDirective + ' ' + e.blockedURI));
		addEventListener('error', e => broken.push('error ' + e.message), true);`})
	for _, path := range shopPages {
		open(t, ctx, s.URL+path)
		if broken := eval[[]string](t, ctx, `window.broken`); len(broken) > 0 {
			t.Errorf("%s: %v", path, broken)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(foreign) > 0 {
		t.Errorf("requests went to %v", foreign)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// maxPageWeight is what HTML, styles and scripts of a product page may weigh
// compressed, in bytes.
const maxPageWeight = 60 << 10

func TestAProductPageIsLight(t *testing.T) {
	_, s := nastyShop(t)
	weight, fonts := 0, 0
	for _, path := range append([]string{"/p/viele"}, assetsOf(t, s, "/p/viele")...) {
		get(t, s, path, "Accept-Encoding", "br, gzip")
		resp, body := get(t, s, path, "Accept-Encoding", "br, gzip")
		if strings.HasPrefix(resp.Header.Get("Content-Type"), "font/") {
			fonts += len(body)
			continue
		}
		weight += len(body)
	}
	t.Logf("%d bytes of HTML, styles and scripts, %d of preloaded fonts", weight, fonts)
	if weight > maxPageWeight || fonts > 40<<10 {
		t.Errorf("%d bytes, allowed are %d; fonts %d", weight, maxPageWeight, fonts)
	}
}

// assetsOf lists what the page loads, what checks it once it is usable included.
func assetsOf(t *testing.T, s *httptest.Server, path string) []string {
	t.Helper()
	_, body := get(t, s, path)
	var out []string
	for _, mark := range []string{`rel="stylesheet" href="`, `script type="module" src="`, `rel="preload" href="`, `data-script="`} {
		for _, part := range strings.Split(body, mark)[1:] {
			href, _, _ := strings.Cut(part, `"`)
			out = append(out, href)
		}
	}
	return out
}

// accessible runs axe-core and returns what is serious or worse.
const accessible = `axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.filter(v => v.impact === 'serious' || v.impact === 'critical')
	.map(v => v.id + ': ' + v.nodes.map(n => n.target.join(' ') + ' ' + (n.any[0]?.message ?? '')).slice(0, 3).join(' | ')))`

// axe is the source of axe-core. Without it the test is skipped, or fails when
// STOA_BROWSER=required.
func axe(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile("web/node_modules/axe-core/axe.min.js")
	if err != nil {
		if os.Getenv("STOA_BROWSER") == "required" {
			t.Fatal("STOA_BROWSER=required, and axe-core isn't installed: run npm ci in gateway/web")
		}
		t.Skip("axe-core isn't installed: accessibility wasn't checked")
	}
	return string(source) + "; true"
}

// findings runs axe on the open page.
func findings(t *testing.T, ctx context.Context, axe string) []string {
	t.Helper()
	eval[bool](t, ctx, axe)
	found, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](accessible, chromedp.EvalAwaitPromise))
	must(t, err)
	return found
}

func TestAxeFindsNothingSerious(t *testing.T) {
	source := axe(t)
	ctx := browser(t)
	_, s := nastyShop(t)
	call(t, ctx, page.Enable, page.EnableParams{})
	call(t, ctx, page.SetBypassCSP, page.SetBypassCSPParams{Enabled: true})
	for scheme, size := range map[string][2]int64{"light": {390, 844}, "dark": {1440, 900}} {
		call(t, ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		must(t, chromedp.Do(ctx, chromedp.EmulateViewport(size[0], size[1])))
		for _, path := range shopPages {
			open(t, ctx, s.URL+path)
			if found := findings(t, ctx, source); len(found) > 0 {
				t.Errorf("%s at %d pixels, %s:\n%s", path, size[0], scheme, strings.Join(found, "\n"))
			}
		}
	}
}

// paint waits for the largest contentful paint and returns its time in
// milliseconds with the element's name.
const paint = `new Promise(done => new PerformanceObserver(list => { const e = list.getEntries().at(-1); done([e.startTime, e.element?.outerHTML?.slice(0, 60) ?? '']) })
	.observe({type: 'largest-contentful-paint', buffered: true})).then(JSON.stringify)`

// TestLargestPaintIsMeasured logs how long a phone on a slow line waits for the
// largest thing on a product page. Machines differ, so it asserts nothing of the
// time, only that the thing is the picture that the page asks for first.
func TestLargestPaintIsMeasured(t *testing.T) {
	ctx := browser(t)
	_, s := nastyShop(t)
	must(t, chromedp.Do(ctx, chromedp.EmulateViewport(390, 844)))
	call(t, ctx, network.Enable, network.EnableParams{})
	call(t, ctx, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: 4})
	call(t, ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{
		{Latency: 150, DownloadThroughput: 1.6e6 / 8, UploadThroughput: 750e3 / 8},
	}})
	open(t, ctx, s.URL+"/p/viele")
	raw, err := chromedp.Run(ctx, chromedp.Evaluate[string](paint, chromedp.EvalAwaitPromise))
	must(t, err)
	var result []any
	must(t, json.Unmarshal([]byte(raw), &result))
	t.Logf("largest contentful paint after %.0f ms: %s", result[0], result[1])
	if what, _ := result[1].(string); !strings.HasPrefix(what, "<img") {
		t.Errorf("the largest thing is %q, not the product's picture", what)
	}
}
