package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// phone is a browser profile of its own at the size of a phone, open on a shop whose
// address stays while the node behind it comes and goes.
type phone struct {
	t   *testing.T
	ctx context.Context
	at  string
}

// front stands before a gateway, so that its address outlives the gateway.
type front struct {
	*httptest.Server
	behind atomic.Pointer[url.URL]
}

func newFront(t *testing.T, o *openedHome) *front {
	f := &front{}
	f.show(o)
	f.Server = httptest.NewServer(&httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		to := f.behind.Load()
		r.Out.URL.Scheme, r.Out.URL.Host = to.Scheme, to.Host
	}})
	t.Cleanup(func() { f.CloseClientConnections(); f.Close() })
	return f
}

func (f *front) show(o *openedHome) {
	to, err := url.Parse(strings.TrimSuffix(o.places.Shop, "/"))
	if err != nil {
		o.t.Fatal(err)
	}
	f.behind.Store(to)
}

func newPhone(t *testing.T, at string) *phone {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: no browser was opened")
	}
	if _, err := exec.LookPath("chromium"); err != nil {
		if os.Getenv("STOA_BROWSER") == "required" {
			t.Fatal("STOA_BROWSER=required, and chromium isn't installed")
		}
		t.Skip("chromium isn't installed: nobody bought in a browser")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath("chromium"), chromedp.NoSandbox, chromedp.Flag("disable-gpu", true))...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(390, 844)); err != nil {
		t.Fatal(err)
	}
	return &phone{t, ctx, at}
}

func (p *phone) open(path string) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, chromedp.Navigate(p.at+path)); err != nil {
		p.t.Fatal(err)
	}
}

func (p *phone) eval(script string) string {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[string]("String("+script+")"))
	if err != nil {
		p.t.Fatalf("%s: %v", script, err)
	}
	return v
}

// sees waits until a script is true.
func (p *phone) sees(script string) {
	p.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if v, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool]("Boolean("+script+")")); err == nil && v {
			return
		}
	}
	p.t.Fatalf("never seen: %s\n%s", script, p.eval("document.body.innerText"))
}

// reads waits until the conversation holds words.
func (p *phone) reads(words string) {
	p.t.Helper()
	p.sees(fmt.Sprintf(`document.querySelector('.rows')?.innerText.includes(%q)`, words))
}

func (p *phone) taps(selector, words string) {
	p.t.Helper()
	found := fmt.Sprintf(`[...document.querySelectorAll(%q)].filter(e => e.textContent.includes(%q) && e.checkVisibility() && !e.disabled).at(-1)`, selector, words)
	p.sees(found)
	p.eval(found + ".click()")
}

func (p *phone) types(selector, text string) {
	p.t.Helper()
	p.sees(fmt.Sprintf(`document.querySelector(%q)`, selector))
	p.eval(fmt.Sprintf(`(e => { e.value = %q; e.dispatchEvent(new Event('input', {bubbles: true})) })(document.querySelector(%q))`, text, selector))
}

func (p *phone) says(text string) {
	p.t.Helper()
	p.types(".talk-write textarea", text)
	p.taps(".send", "")
	p.reads(text)
	p.sees(`[...document.querySelectorAll('.entry.is-mine')].at(-1)?.classList.contains('is-committed')`)
}

// buys goes through the sheets of an order from the card of a product.
func (p *phone) buys() {
	p.t.Helper()
	p.taps(".card-product .button", "Buy now")
	p.taps("dialog .sheet-foot .button", "Continue")
	for name, text := range map[string]string{"name": "Ada Moss", "address-line1": "Lane 1", "address-level2": "Bonn", "postal-code": "53111"} {
		p.types("dialog [name="+name+"]", text)
	}
	p.taps("dialog .sheet-foot .button", "obligation to pay")
	p.reads("Order 1001")
	p.sees(`document.querySelector('dialog .code')?.textContent.length > 20`)
}

func TestTheLifeOfAnOrderInABrowser(t *testing.T) {
	home := newHome(t, "Corner Tea", "sencha")
	tea := openHome(t, home)
	f := newFront(t, tea)
	p := newPhone(t, f.URL)
	p.open("/p/sencha")
	p.taps(".product-verbs [data-ask]", "")
	p.says("Is this from spring?")
	var inbox []struct{ Thread string }
	if err := json.Unmarshal([]byte(stoa(t, home, "inbox")), &inbox); err != nil || len(inbox) != 1 {
		t.Fatalf("%v, the inbox is %+v", err, inbox)
	}
	stoa(t, home, "reply", inbox[0].Thread, "It is. This one.", "--product", "sencha")
	p.reads("It is. This one.")
	p.buys()
	p.taps("dialog .button", "Done")

	tea.close()
	tea = openHome(t, home)
	f.show(tea)
	stoa(t, home, "order", "1001", "--mark-paid")
	stoa(t, home, "order", "1001", "--ship", "--carrier", "DHL", "--tracking", "0034")
	p.reads("Payment of €9.50 received")
	p.reads("On its way with")
	receipt(t, p)
	p.taps("dialog .sheet-foot .button", "Return")
	p.taps("dialog .sheet-foot .button", "Ask for the return")
	p.reads("You withdrew from the contract")
	stoa(t, home, "order", "1001", "--accept-return")
	stoa(t, home, "order", "1001", "--refund", "9.50")
	p.reads("€9.50 refunded")
	elsewhere(t, p)
}

// receipt takes the receipt out of the browser and has it verified.
func receipt(t *testing.T, p *phone) {
	t.Helper()
	p.eval(`(() => { const make = URL.createObjectURL; URL.createObjectURL = file => { new Response(file).arrayBuffer().then(b => { window.taken = [...new Uint8Array(b)].join(); }); return make(file); }; })()`)
	p.taps(".card-trade .button", "Details")
	p.taps("dialog .sheet-foot .button", "Receipt")
	p.sees("window.taken")
	var bytes []byte
	for _, n := range strings.Split(p.eval("window.taken"), ",") {
		var b byte
		if _, err := fmt.Sscan(n, &b); err != nil {
			t.Fatal(err)
		}
		bytes = append(bytes, b)
	}
	file := filepath.Join(t.TempDir(), "1001.receipt")
	write(t, file, bytes)
	if out := stoa(t, t.TempDir(), "verify", file); !strings.Contains(out, `"receipt"`) {
		t.Errorf("verified as %s", out)
	}
}

// elsewhere opens the private link in another profile, and goes on there.
func elsewhere(t *testing.T, p *phone) {
	t.Helper()
	p.eval(`Object.defineProperty(navigator, 'clipboard', {value: {writeText: async text => { window.copied = text; }}})`)
	p.taps(".talk-more", "")
	p.taps(".menu-of button", "Keep this conversation")
	p.taps("dialog .button", "Copy link")
	p.sees("window.copied")
	link := p.eval("window.copied")
	other := newPhone(t, "")
	other.open(link)
	other.reads("€9.50 refunded")
	if left := other.eval("location.href"); strings.Contains(left, "k=") {
		t.Errorf("the key stays in the address: %s", left)
	}
	other.says("From my other phone")
	p.taps("dialog .button", "Done")
	p.reads("From my other phone")
}
