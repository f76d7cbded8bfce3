package main

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/stoa-commerce/stoa/cmd/stoa/shopper"
	"github.com/stoa-commerce/stoa/gateway"
	"github.com/stoa-commerce/stoa/node"
	"github.com/stoa-commerce/stoa/node/guard"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/trade"
)

// letter is a mail as it arrived.
type letter struct {
	to, subject, text string
	raw               string // header and body as sent, and as read
}

// postOffice is a mail server that keeps what it gets.
type postOffice struct {
	mu      sync.Mutex
	letters []letter
}

func (p *postOffice) NewSession(*smtp.Conn) (smtp.Session, error) { return &postSession{post: p}, nil }

type postSession struct {
	post *postOffice
	to   string
}

func (s *postSession) Reset()                                    {}
func (s *postSession) Logout() error                             { return nil }
func (s *postSession) Mail(string, *smtp.MailOptions) error      { return nil }
func (s *postSession) Rcpt(to string, _ *smtp.RcptOptions) error { s.to = to; return nil }

func (s *postSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	body := m.Body
	if m.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	s.post.mu.Lock()
	defer s.post.mu.Unlock()
	s.post.letters = append(s.post.letters, letter{s.to, m.Header.Get("Subject"), string(text), string(raw) + string(text)})
	return err
}

// openPost runs a mail server on loopback and returns it with its address.
func openPost(t *testing.T) (*postOffice, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := new(postOffice)
	s := smtp.NewServer(p)
	s.Domain = "mail.example"
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close(); <-ended })
	return p, l.Addr().String()
}

// awaits waits for a letter to somebody whose subject has the words.
func (p *postOffice) awaits(t *testing.T, to, words string) (found letter) {
	t.Helper()
	within(t, patience, "a letter to "+to+": "+words, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, l := range p.letters {
			if l.to == to && strings.Contains(l.subject, words) {
				found = l
				return true
			}
		}
		return false
	})
	return found
}

// spoken are words of a conversation, none of which may stand in a letter.
var spoken = []string{"Sencha", "Gyokuro", "Ada Moss", "Quiet Lane", "Bonn", "53111", "leave it at the door", "It leaves tomorrow", "IBAN", "DE02"}

func (l letter) isDiscreet(t *testing.T) {
	t.Helper()
	for _, words := range spoken {
		if strings.Contains(l.raw, words) {
			t.Errorf("the letter %q tells %q:\n%s", l.subject, words, l.text)
		}
	}
}

// teaShop founds a shop that has bank details, terms of return and an address.
func teaShop(t *testing.T) string {
	t.Helper()
	home, files := t.TempDir(), t.TempDir()
	stoa(t, home, "init", "--name", "Corner Tea", "--country", "DE", "--currency", "EUR")
	list, doc := filepath.Join(files, "list.csv"), filepath.Join(files, "shop.json")
	write(t, list, []byte("Handle,Title,Variant SKU,Variant Price\ngyokuro,Gyokuro Sencha,GYO,9.50\n"))
	write(t, doc, []byte(`{
		"profile": {"name": "Corner Tea", "language": "en", "country": "DE", "currency": "EUR", "email": "owner@tea.example",
			"address": {"company": "Corner Tea GmbH", "street": "Market 1", "postalCode": "79098", "city": "Freiburg", "country": "DE"}},
		"tax": {"included": true, "rates": [{"class": "standard", "rate": "19"}]},
		"payments": [{"kind": "bank", "instructions": "IBAN DE02 1203 0000 0000 2020 51"}],
		"returns": {"days": 30, "text": "Write to us first."}}`))
	stoa(t, home, "import", list)
	stoa(t, home, "apply", doc)
	return home
}

// serveAt starts the shop as a process, on a port that it names in its letters.
func serveAt(t *testing.T, home, post string) places {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := process(t, home, "serve", "--http", at, "--admin", "localhost:0", "--listen", "none", "--url", "http://"+at, "--smtp", "smtp://"+post+"?from=shop@tea.example")
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
	var p places
	if err := json.NewDecoder(out).Decode(&p); err != nil {
		t.Fatal(err)
	}
	p.Shop = "http://" + at // as its letters name it
	return p
}

// visitor is a shopper with a folder who has just met the brand.
func visitor(t *testing.T, p places) *shopper.Conversation {
	t.Helper()
	client, err := shopper.NewClient(p.Shop, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	brand, err := protocol.ParseCID(p.Brand)
	if err != nil {
		t.Fatal(err)
	}
	var b *shopper.Brand
	within(t, patience, "the brand can be talked to", func() bool { b, err = shopper.Meet(t.Context(), client, brand); return err == nil })
	who, err := shopper.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = who.Close() })
	c, err := who.Conversation(b)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// orderTea buys one tea and says to be called back.
func orderTea(t *testing.T, c *shopper.Conversation, how thread.Callback) shopper.Entry {
	t.Helper()
	if err := c.Prepare(); err != nil { // the keys that a link is made of
		t.Fatal(err)
	}
	if _, err := c.Callback(t.Context(), how); err != nil {
		t.Fatal(err)
	}
	quote, err := c.Ask(t.Context(), thread.Ask{Country: "DE", Lines: []trade.CartLine{{Product: "gyokuro", Variant: "GYO", Quantity: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	o, err := shopper.Placement(quote, protocol.MillisOf(time.Now().Add(time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	o.Contact, o.Method, o.Note = trade.Contact{Name: "Ada Moss", Email: how.Email}, "bank", "leave it at the door"
	o.Address = &trade.Address{Street: "Quiet Lane 1", City: "Bonn", Postcode: "53111", Country: "DE"}
	order, err := c.Order(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return order
}

// private finds the private link of a letter.
var private = regexp.MustCompile(`http://\S+#k=\S+`)

func TestTheConfirmationBringsAShopperBack(t *testing.T) {
	post, server := openPost(t)
	home := teaShop(t)
	shop := serveAt(t, home, server)
	c := visitor(t, shop)
	order := orderTea(t, c, thread.Callback{Email: "ada@example.com", On: []string{"commit", "reply", "shipment"}})

	confirmed := post.awaits(t, "ada@example.com", "Your order 1001")
	confirmed.isDiscreet(t)
	for _, words := range []string{"within 30 days", "Write to us first.", "Corner Tea GmbH", "Market 1", "I withdraw from the contract"} {
		if !strings.Contains(confirmed.text, words) {
			t.Errorf("the confirmation lacks %q:\n%s", words, confirmed.text)
		}
	}
	told := post.awaits(t, "owner@tea.example", "New order 1001")
	told.isDiscreet(t)
	if private.MatchString(told.text) {
		t.Error("the brand's own letter carries a link to the conversation")
	}

	link := private.FindString(confirmed.text)
	if !strings.HasPrefix(link, shop.Shop+"/t/") {
		t.Fatalf("the link %q doesn't lead to %s:\n%s", link, shop.Shop, confirmed.text)
	}
	again := comeBack(t, shop, link)
	if again.Thread() != c.Thread() || again.Orders()[order.ID] == nil || again.Number(order.ID) != 1001 {
		t.Fatalf("the link opened %s with the orders %v instead of %s", again.Thread(), again.Orders(), c.Thread())
	}
	reply, err := again.Say(t.Context(), thread.KindText, &thread.Text{Text: "It's me again."})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if e, ok := c.Entry(reply.ID); !ok || !e.Mine || e.Refused != "" {
		t.Errorf("on the first device the reply is %+v", e)
	}

	stoa(t, home, "reply", c.Thread().String(), "It leaves tomorrow.")
	post.awaits(t, "ada@example.com", "has answered you").isDiscreet(t)
	stoa(t, home, "order", "1001", "--ship")
	post.awaits(t, "ada@example.com", "is on its way").isDiscreet(t)
}

// comeBack opens a private link in an empty folder.
func comeBack(t *testing.T, shop places, link string) *shopper.Conversation {
	t.Helper()
	l, err := thread.ParseLink(link)
	if err != nil || l.Kind != thread.LinkDevice {
		t.Fatalf("%s: %v, of kind %c", link, err, l.Kind)
	}
	c := visitor(t, shop)
	if err := c.Follow(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	return c
}

// pushService is a push service that keeps what it gets.
type pushService struct {
	*httptest.Server
	got chan *http.Request
}

func newPushService(t *testing.T) *pushService {
	s := &pushService{got: make(chan *http.Request, 10)}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		s.got <- r
		w.WriteHeader(http.StatusCreated)
	}))
	t.Cleanup(s.Close)
	return s
}

// subscribed is the wish of a browser to be pushed to when something is committed.
func (s *pushService) subscribed(t *testing.T) thread.Callback {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return thread.Callback{
		Push: &thread.Push{Endpoint: s.URL + "/push/ada", P256dh: key.PublicKey().Bytes(), Auth: []byte("sixteen bytes ok")},
		On:   []string{"commit"},
	}
}

// trusted runs the test that calls it once more, as a process that trusts the
// certificate of push services of tests. It reports whether this is that process.
func trusted(t *testing.T) bool {
	t.Helper()
	const mark = "STOA_TRUSTED"
	if os.Getenv(mark) != "" {
		return true
	}
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	file := filepath.Join(t.TempDir(), "root.pem")
	write(t, file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), mark+"=1", "SSL_CERT_FILE="+file)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return false
}

// gatewayOf serves a home with pushes allowed to addresses, and returns its places.
func gatewayOf(t *testing.T, home string, logged io.Writer, allowed func(netip.AddrPort) bool) places {
	t.Helper()
	log := slog.New(slog.NewTextHandler(logged, nil))
	n, err := node.Open(t.Context(), node.Options{Home: home, Log: log, Now: time.Now, Notify: node.NotifyOptions{PushTo: allowed, Contact: "mailto:owner@tea.example"}})
	if err != nil {
		t.Fatal(err)
	}
	g, err := gateway.New(gateway.Options{Store: n.Store(), Blobs: n.Blobs(), Brand: n.Brand(), Log: log, Threads: n.Threads()})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(g)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	t.Cleanup(func() {
		server.Close()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return places{Shop: server.URL, Brand: n.Brand().String()}
}

func TestAnOrderIsPushedToTheBrowser(t *testing.T) {
	if !trusted(t) {
		return
	}
	service := newPushService(t)
	at := netip.MustParseAddrPort(service.Listener.Addr().String())
	shop := gatewayOf(t, teaShop(t), t.Output(), func(a netip.AddrPort) bool { return a == at })
	orderTea(t, visitor(t, shop), service.subscribed(t))
	select {
	case r := <-service.got:
		checkPush(t, r)
	case <-time.After(patience):
		t.Fatal("nothing was pushed")
	}
}

// checkPush checks the envelope of a push message: what is in it only the browser
// reads (see node/notify for that).
func checkPush(t *testing.T, r *http.Request) {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if r.URL.Path != "/push/ada" || r.Header.Get("Content-Encoding") != "aes128gcm" || !strings.HasPrefix(r.Header.Get("Authorization"), "vapid t=") || len(body) < 103 {
		t.Errorf("%s %v, %d bytes", r.URL, r.Header, len(body))
	}
	for _, words := range append(spoken, "Corner Tea", "1001") {
		if bytes.Contains(body, []byte(words)) {
			t.Errorf("the push service reads %q", words)
		}
	}
}

func TestAPushGoesNowherePrivate(t *testing.T) {
	if !trusted(t) {
		return
	}
	service := newPushService(t)
	var log diary
	shop := gatewayOf(t, teaShop(t), &log, nil) // the public web
	orderTea(t, visitor(t, shop), service.subscribed(t))
	within(t, patience, "the call failed", func() bool { return strings.Contains(log.text(), "a call failed") })
	select {
	case r := <-service.got:
		t.Errorf("a stranger had the node ask %s", r.URL)
	default:
	}
	if !strings.Contains(log.text(), guard.ErrForbiddenAddress.Error()) {
		t.Error(log.text())
	}
}

// diary keeps what is logged.
type diary struct {
	mu sync.Mutex
	b  strings.Builder
}

func (d *diary) Write(b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.b.Write(b)
}

func (d *diary) text() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.b.String()
}
