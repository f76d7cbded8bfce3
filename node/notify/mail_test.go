package notify

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	gomail "github.com/wneessen/go-mail"
)

// post is a mail server that keeps what it gets.
type post struct {
	mu      sync.Mutex
	letters []*mail.Message
	texts   []string
	to      []string
	refuse  error
	secure  bool // the last letter came over TLS
}

func (p *post) NewSession(c *smtp.Conn) (smtp.Session, error) { return &postSession{p, c}, nil }

type postSession struct {
	*post
	conn *smtp.Conn
}

func (s *postSession) Reset()                               {}
func (s *postSession) Logout() error                        { return nil }
func (s *postSession) Mail(string, *smtp.MailOptions) error { return nil }
func (s *postSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to = append(s.to, to)
	return s.refuse
}

func (s *postSession) Data(r io.Reader) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(m.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	_, s.secure = s.conn.TLSConnectionState()
	s.letters, s.texts = append(s.letters, m), append(s.texts, string(text))
	return err
}

// serve runs a mail server on loopback, with TLS if there is a configuration.
func (p *post) serve(t *testing.T, config *tls.Config) Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := smtp.NewServer(p)
	s.Domain, s.TLSConfig = "mail.example", config
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() { l.Close(); s.Close(); <-done })
	return Server{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, From: "shop@tea.example", Name: "Lindenhof Tea"}
}

func TestALetterArrives(t *testing.T) {
	var p post
	m := NewMailer(p.serve(t, nil), time.Now)
	err := m.Send(t.Context(), Letter{To: "mei@example.com", ReplyTo: "tee@tea.example", Subject: "Ihre Bestellung 1001 – 茶", Text: "Guten Tag,\n\nsie ist da.\n", ID: "n1"})
	if err != nil {
		t.Fatal(err)
	}
	h := p.letters[0].Header
	if from, err := h.AddressList("From"); err != nil || from[0].Name != "Lindenhof Tea" || from[0].Address != "shop@tea.example" {
		t.Error(from, err)
	}
	if h.Get("Message-Id") != "<n1@127.0.0.1>" || h.Get("Auto-Submitted") != "auto-generated" || !strings.Contains(h.Get("Reply-To"), "tee@tea.example") {
		t.Error(h)
	}
	if len(p.to) != 1 || p.to[0] != "mei@example.com" || !strings.Contains(p.texts[0], "sie ist da.") {
		t.Error(p.to, p.texts)
	}
}

func TestWithoutTLSNothingLeavesTheMachine(t *testing.T) {
	var p post
	s := p.serve(t, nil)
	s.Host = "127.0.0.1.nip.example" // a name, so not this machine
	m := NewMailer(s, time.Now)
	client, err := gomail.NewClient(s.Host, m.options()...)
	if err != nil || client.TLSPolicy() != gomail.TLSMandatory.String() {
		t.Error(err, client.TLSPolicy())
	}
	if !onThisMachine("::1") || !onThisMachine("localhost") {
		t.Error("loopback isn't taken for this machine")
	}
}

func TestSTARTTLSIsTakenWhereItIsOffered(t *testing.T) {
	certs := httptest.NewTLSServer(nil)
	defer certs.Close()
	var p post
	s := p.serve(t, &tls.Config{Certificates: certs.TLS.Certificates})
	s.TLS = certs.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	s.TLS.ServerName = "example.com"
	if err := NewMailer(s, time.Now).Send(t.Context(), Letter{To: "a@example.com", Subject: "s", Text: "t"}); err != nil {
		t.Fatal(err)
	}
	if !p.secure {
		t.Error("the letter went in the clear")
	}
}

func TestARefusedAddressIsFinal(t *testing.T) {
	p := post{refuse: &smtp.SMTPError{Code: 550, Message: "no such person"}}
	m := NewMailer(p.serve(t, nil), time.Now)
	if err := m.Send(t.Context(), Letter{To: "nobody@example.com", Subject: "s", Text: "t"}); !errors.Is(err, ErrAddress) {
		t.Error(err)
	}
	p.refuse = &smtp.SMTPError{Code: 451, Message: "later"}
	if err := m.Send(t.Context(), Letter{To: "somebody@example.com", Subject: "s", Text: "t"}); err == nil || errors.Is(err, ErrAddress) {
		t.Error(err)
	}
}

func TestNoHeaderIsSmuggledIn(t *testing.T) {
	var p post
	m := NewMailer(p.serve(t, nil), time.Now)
	for _, to := range []string{"a@example.com\r\nBcc: b@example.com", "Mei <a@example.com>", "a@example.com, b@example.com", "", strings.Repeat("a", 250) + "@example.com"} {
		if err := m.Send(t.Context(), Letter{To: to, Subject: "s", Text: "t"}); !errors.Is(err, ErrAddress) {
			t.Errorf("%q: %v", to, err)
		}
	}
	if err := m.Send(t.Context(), Letter{To: "a@example.com", Subject: "hello\r\nBcc: b@example.com", Text: "t"}); err != nil {
		t.Fatal(err)
	}
	if len(p.to) != 1 || p.letters[0].Header.Get("Bcc") != "" {
		t.Error(p.to, p.letters[0].Header)
	}
}

func TestAMailServersAddress(t *testing.T) {
	s, err := ParseServer("smtps://shop%40tea.example@mail.example", "secret")
	if err != nil || s.Port != 465 || !s.Implicit || s.From != "shop@tea.example" {
		t.Error(s, err)
	}
	if _, err := ParseServer("smtps://shop@mail.example", "secret"); !errors.Is(err, ErrAddress) {
		t.Error("a sender without an address", err)
	}
	s, err = ParseServer("smtp://shop@mail.example:2525?from=shop@tea.example", "secret")
	if err != nil || s.Port != 2525 || s.Implicit || s.From != "shop@tea.example" || s.User != "shop" || s.Password != "secret" {
		t.Error(s, err)
	}
	for _, bad := range []string{"", "mail.example", "http://mail.example?from=a@b.c", "smtp://a:b@mail.example?from=a@b.c", "smtp://mail.example:0?from=a@b.c", "smtp://mail.example?from=a"} {
		if _, err := ParseServer(bad, ""); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
