package gateway_test

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/evanw/esbuild/pkg/api"
)

// scripted is the conversation's pages on an engine that follows a script, so that
// every state of theirs can be looked at.
func scripted(t *testing.T) string {
	t.Helper()
	entry, err := filepath.Abs("web/src/talk/dev/main.ts")
	must(t, err)
	built := api.Build(api.BuildOptions{EntryPoints: []string{entry}, Bundle: true, Charset: api.CharsetUTF8, Format: api.FormatESModule, Outdir: t.TempDir()})
	if len(built.Errors) > 0 {
		t.Fatal(api.FormatMessages(built.Errors, api.FormatMessagesOptions{}))
	}
	return string(built.OutputFiles[0].Contents)
}

var talkAsset = regexp.MustCompile(`^/assets/talk-[A-Z0-9]+\.js$`)
var talkIntegrity = regexp.MustCompile(`(talk-[A-Z0-9]+\.js") integrity="[^"]*"`)

// stage is the nasty shop with the scripted engine behind its conversation, in a
// phone-size browser.
func stage(t *testing.T) (context.Context, *front) {
	t.Helper()
	notShort(t)
	b := newBrand(t)
	b.clock = time.Now().Add(-time.Minute)
	nasty(b)
	f := newFront(t, b)
	script := scripted(t)
	f.lie(func(path, body string) (string, bool) {
		if talkAsset.MatchString(path) {
			return script, true
		}
		return talkIntegrity.ReplaceAllString(body, "$1"), true
	})
	ctx := browser(t)
	must(t, chromedp.Do(ctx, chromedp.EmulateViewport(390, 844)))
	call(t, ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `window.broken = [];
		addEventListener('securitypolicyviolation', e => broken.push(e.violatedDirective + ' ' + e.blockedURI));
		addEventListener('error', e => broken.push('error ' + e.message), true);
		addEventListener('unhandledrejection', e => broken.push('rejected ' + e.reason));
		window.alert = () => broken.push('alert');`})
	return ctx, f
}

// until waits for a script to be true.
func until(t *testing.T, ctx context.Context, script string) {
	t.Helper()
	for range 200 {
		if ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+script+")")); err == nil && ok {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("never: %s\n%s", script, eval[string](t, ctx, `document.body.innerText`))
}

// tap clicks the first element that matches and holds the words.
func tap(t *testing.T, ctx context.Context, selector, words string) {
	t.Helper()
	found := fmt.Sprintf(`[...document.querySelectorAll(%q)].filter(e => e.textContent.includes(%q) && e.checkVisibility()).at(-1)`, selector, words)
	until(t, ctx, found)
	eval[bool](t, ctx, found+".click() || true")
}

func typeInto(t *testing.T, ctx context.Context, selector, text string) {
	t.Helper()
	until(t, ctx, fmt.Sprintf(`document.querySelector(%q)`, selector))
	eval[bool](t, ctx, fmt.Sprintf(`(e => { e.focus(); e.value = %q; e.dispatchEvent(new Event('input', {bubbles: true})); e.dispatchEvent(new Event('change', {bubbles: true})); return true })(document.querySelector(%q))`, text, selector))
}

const shownRows = `document.querySelectorAll('.rows > .entry').length > 0`

// unbroken fails when a page broke its policy or threw.
func unbroken(t *testing.T, ctx context.Context) {
	t.Helper()
	if broken := eval[[]string](t, ctx, `window.broken`); len(broken) > 0 {
		t.Errorf("broken: %v", broken)
	}
}

func TestStrangeMessagesAreShownAsText(t *testing.T) {
	ctx, f := stage(t)
	for _, width := range []int64{320, 390, 1440} {
		must(t, chromedp.Do(ctx, chromedp.EmulateViewport(width, 844)))
		open(t, ctx, f.URL+"/t/?scene=nasty&p=viele")
		until(t, ctx, shownRows)
		if wide := eval[int64](t, ctx, `Math.max(document.documentElement.scrollWidth, document.querySelector('.talk-rows').scrollWidth)`); wide > width {
			t.Errorf("at %d pixels the conversation is %d wide", width, wide)
		}
	}
	text := eval[string](t, ctx, `[...document.querySelectorAll('.bubble')].map(b => b.textContent).join('\n')`)
	if !strings.Contains(text, "<script>alert(2)</script>") || eval[bool](t, ctx, `!!document.querySelector('.rows script, .rows img[src=x]')`) {
		t.Error("markup in a message isn't text")
	}
	if !eval[bool](t, ctx, `[...document.querySelectorAll('.written')].every(p => [...p.childNodes].every(n => n.nodeName === 'BDI' || n.nodeName === 'A' && n.firstChild.nodeName === 'BDI'))`) {
		t.Error("a message's direction isn't kept to itself")
	}
	if link := eval[string](t, ctx, `document.querySelector('.written a').href + ' ' + document.querySelector('.written a').rel`); !strings.HasPrefix(link, "https://example.com/a?b=c ") || !strings.Contains(link, "noopener") {
		t.Errorf("an address in a message became %s", link)
	}
	unbroken(t, ctx)
}

func TestACardShowsWhatWasSignedAndNothingElse(t *testing.T) {
	ctx, f := stage(t)
	open(t, ctx, f.URL+"/t/?scene=nasty&p=viele")
	until(t, ctx, `document.querySelectorAll('.card-product[aria-busy]').length === 0 && document.querySelectorAll('.card-lost').length === 1`)
	if price := eval[string](t, ctx, `document.querySelector('.card-product:not(.is-small) .amount').textContent`); price != "24,90\u00a0€" {
		t.Errorf("the card's price is %q", price)
	}
}

func TestBuyingOnAPhone(t *testing.T) {
	ctx, f := stage(t)
	open(t, ctx, f.URL+"/p/viele?variant=h-2-0")
	eval[bool](t, ctx, `sessionStorage.setItem('scene', 'empty') || localStorage.clear() || true`)
	until(t, ctx, `document.readyState === 'complete'`)
	tap(t, ctx, "[data-add]", "")
	until(t, ctx, `document.querySelector('.cart-link b').textContent === '1'`)
	open(t, ctx, f.URL+"/p/viele?variant=h-2-0")
	until(t, ctx, `document.querySelector('.cart-link b').textContent === '1'`)
	open(t, ctx, f.URL+"/t/?cart")
	tap(t, ctx, "dialog .icon-button", "Eins mehr")
	tap(t, ctx, "dialog .button", "Gesamtpreis")
	until(t, ctx, `document.querySelector('.sums')`)
	if asked := eval[bool](t, ctx, `!!document.querySelector('dialog input[name=name], dialog input[type=email]')`); asked {
		t.Error("the shopper is asked who they are before the total is known")
	}
	if total := eval[string](t, ctx, `document.querySelector('.sheet-foot .is-total').textContent`); total != "Gesamt54,70\u00a0€" {
		t.Errorf("the total is %q", total)
	}
	tap(t, ctx, "dialog .button", "Weiter")
	tap(t, ctx, "dialog .button", "Zahlungspflichtig bestellen")
	until(t, ctx, `document.activeElement.name === 'name' && document.querySelectorAll('dialog [aria-invalid]').length === 4`)
	for name, text := range map[string]string{"name": "Ada <b>Beispiel</b>", "address-line1": "Lindenweg 4", "address-level2": "Bremen", "postal-code": "2819"} {
		typeInto(t, ctx, "dialog [name="+name+"]", text)
	}
	tap(t, ctx, "dialog .button", "Zahlungspflichtig bestellen")
	until(t, ctx, `document.querySelectorAll('dialog [aria-invalid]').length === 1 && document.activeElement.name === 'postal-code'`)
	typeInto(t, ctx, "dialog [name=postal-code]", "28195")
	tap(t, ctx, "dialog .button", "Zahlungspflichtig bestellen")
	until(t, ctx, `[...document.querySelectorAll('.card-head h3')].some(h => h.textContent === 'Bestellung 1001')`)
	until(t, ctx, `document.querySelector('.talk-head .cart-link').hidden`)
	until(t, ctx, `document.querySelector('dialog .code')?.textContent.includes('7K3M')`)
	unbroken(t, ctx)
}

func TestARefusalSaysWhatToDo(t *testing.T) {
	ctx, f := stage(t)
	for reason, words := range map[string]string{"out_of_stock": "Bestellen Sie weniger", "too_many_unpaid": "Bezahlen oder stornieren", "price_changed": "Bestellt wurde noch nichts"} {
		open(t, ctx, f.URL+"/t/?scene=empty&refuse="+reason)
		until(t, ctx, `document.querySelector('.talk-more')`)
		eval[bool](t, ctx, `localStorage.setItem('stoa.cart.' + JSON.parse(document.getElementById('talk-data').textContent).brand, '[{"product":"viele","variant":"h-2-0","quantity":1}]') || dispatchEvent(new Event('stoa-cart'))`)
		tap(t, ctx, ".talk-head .cart-link", "")
		tap(t, ctx, "dialog .button", "Gesamtpreis")
		tap(t, ctx, "dialog .button:not(:disabled)", "Weiter")
		for name, text := range map[string]string{"name": "Ada", "address-line1": "Lindenweg 4", "address-level2": "Bremen", "postal-code": "28195"} {
			typeInto(t, ctx, "dialog [name="+name+"]", text)
		}
		tap(t, ctx, "dialog .button", "Zahlungspflichtig bestellen")
		until(t, ctx, fmt.Sprintf(`document.querySelector('.placing .problem')?.textContent.includes(%q)`, words))
		if kept := eval[string](t, ctx, `document.querySelector('dialog [name=name]').value`); kept != "Ada" {
			t.Errorf("%s: what was typed is gone", reason)
		}
	}
	unbroken(t, ctx)
}

func TestAMalformedCartIsAnEmptyOne(t *testing.T) {
	ctx, f := stage(t)
	open(t, ctx, f.URL+"/t/?scene=empty")
	until(t, ctx, `document.querySelector('.talk-more')`)
	for _, kept := range []string{`x`, `{}`, `[null,1,{"product":"a"},{"product":"../x","variant":"v","quantity":1},{"product":"viele","variant":"h-2-0","quantity":-3},{"product":"viele","variant":"h-2-0","quantity":1e9},{"product":"viele","variant":"h-2-0","quantity":1.5}]`} {
		eval[bool](t, ctx, fmt.Sprintf(`localStorage.setItem('stoa.cart.' + JSON.parse(document.getElementById('talk-data').textContent).brand, %q) || dispatchEvent(new Event('stoa-cart'))`, kept))
		if !eval[bool](t, ctx, `document.querySelector('.talk-head .cart-link').hidden`) {
			t.Errorf("%s counts as a cart", kept)
		}
	}
	unbroken(t, ctx)
}

func TestConversationsAreAccessible(t *testing.T) {
	source := axe(t)
	ctx, f := stage(t)
	call(t, ctx, page.Enable, page.EnableParams{})
	call(t, ctx, page.SetBypassCSP, page.SetBypassCSPParams{Enabled: true})
	for scheme, size := range map[string][2]int64{"light": {390, 844}, "dark": {1440, 900}} {
		call(t, ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
		must(t, chromedp.Do(ctx, chromedp.EmulateViewport(size[0], size[1])))
		for _, scene := range []string{"empty", "nasty", "returned", "offline"} {
			open(t, ctx, f.URL+"/t/?p=viele&scene="+scene)
			until(t, ctx, `document.querySelector('.rows > li')`)
			eval[bool](t, ctx, `localStorage.setItem('stoa.kept.' + JSON.parse(document.getElementById('talk-data').textContent).brand, '1') || true`)
			time.Sleep(300 * time.Millisecond)
			if found := findings(t, ctx, source); len(found) > 0 {
				t.Errorf("%s at %d pixels, %s:\n%s", scene, size[0], scheme, strings.Join(found, "\n"))
			}
			if small := eval[[]string](t, ctx, smallTargets); len(small) > 0 {
				t.Errorf("%s: %s", scene, small)
			}
		}
		for _, sheet := range []string{".talk-more", ".card-trade .button", "[data-buy-test]"} {
			open(t, ctx, f.URL+"/t/?p=viele&scene=returned")
			if sheet == "[data-buy-test]" {
				open(t, ctx, f.URL+"/t/?buy=viele&variant=h-2-0&scene=returned")
				until(t, ctx, `document.querySelector('.sums')`)
				tap(t, ctx, "dialog .sheet-foot .button", "Weiter")
			} else {
				until(t, ctx, fmt.Sprintf(`document.querySelector(%q)`, sheet))
				eval[bool](t, ctx, fmt.Sprintf(`document.querySelector('dialog')?.close() || document.querySelector(%q).click() || true`, sheet))
			}
			until(t, ctx, `document.querySelector('dialog[open]')`)
			time.Sleep(300 * time.Millisecond)
			if found := findings(t, ctx, source); len(found) > 0 {
				t.Errorf("sheet of %s at %d pixels, %s:\n%s", sheet, size[0], scheme, strings.Join(found, "\n"))
			}
		}
	}
}

func TestWithoutScriptsTheConversationIsReadable(t *testing.T) {
	ctx, f := stage(t)
	open(t, ctx, f.URL+"/")
	call(t, ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	open(t, ctx, f.URL+"/t/")
	if _, err := chromedp.Run(ctx, chromedp.WaitVisible(".talk-without")); err != nil {
		t.Error(err)
	}
}
