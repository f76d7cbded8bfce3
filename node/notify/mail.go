package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// ErrAddress reports an e-mail address that no letter can be sent to, or that the
// mail server refused for good.
var ErrAddress = errors.New("not an e-mail address")

// MaxAddress is the longest e-mail address in bytes (RFC 5321 §4.5.3.1.3).
const MaxAddress = 254

// ParseAddress checks an e-mail address without a name beside it.
func ParseAddress(s string) (string, error) {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > MaxAddress {
		return "", fmt.Errorf("%w: %q", ErrAddress, s)
	}
	return s, nil
}

// Server is the mail server that takes the brand's letters.
type Server struct {
	Host     string
	Port     int
	Implicit bool // TLS from the first byte; otherwise STARTTLS, which loopback alone may lack
	User     string
	Password string
	From     string // the sender's address
	Name     string // and name
	// TLS is nil but for tests with certificates of their own.
	TLS *tls.Config
}

// ParseServer reads smtp://[user@]host[:port] or smtps://[user@]host[:port], with the
// sender's address as the parameter from; ports are 587 and 465 unless given. The
// password is never part of it: command lines can be read by others.
func ParseServer(address, password string) (Server, error) {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "smtp" && u.Scheme != "smtps") || u.Hostname() == "" {
		return Server{}, fmt.Errorf("%q is no mail server, such as smtps://shop@mail.example?from=shop@mail.example", address)
	}
	if _, secret := u.User.Password(); secret {
		return Server{}, errors.New("a mail server's password doesn't belong into its address: others can read it there")
	}
	s := Server{Host: u.Hostname(), Port: 587, Implicit: u.Scheme == "smtps", User: u.User.Username(), Password: password}
	if s.Implicit {
		s.Port = 465
	}
	if text := u.Port(); text != "" {
		if s.Port, err = strconv.Atoi(text); err != nil || s.Port < 1 || s.Port > 65535 {
			return Server{}, fmt.Errorf("%q is no port", text)
		}
	}
	if s.From = u.Query().Get("from"); s.From == "" {
		s.From = s.User
	}
	if _, err := ParseAddress(s.From); err != nil {
		return Server{}, fmt.Errorf("the sender of letters is missing: add ?from=shop@mail.example: %w", err)
	}
	return s, nil
}

// Letter is one e-mail of plain text.
type Letter struct {
	To      string
	ReplyTo string // "" is the sender
	Subject string
	Text    string
	// ID makes letters that were sent twice recognisable: the same for the same
	// message, of the characters that a Message-ID may have before its "@".
	ID string
}

// Mailer sends letters. Its methods may be called concurrently.
type Mailer struct {
	server Server
	now    func() time.Time
}

// NewMailer makes a Mailer.
func NewMailer(s Server, now func() time.Time) *Mailer { return &Mailer{s, now} }

// mailTime bounds the sending of one letter.
const mailTime = 30 * time.Second

// Send hands a letter to the mail server. ErrAddress is final; other errors can be
// tried again.
func (m *Mailer) Send(ctx context.Context, l Letter) error {
	msg, err := m.compose(l)
	if err != nil {
		return err
	}
	client, err := gomail.NewClient(m.server.Host, m.options()...)
	if err != nil {
		return fmt.Errorf("mail server %s: %w", m.server.Host, err)
	}
	ctx, cancel := context.WithTimeout(ctx, mailTime)
	defer cancel()
	if err := client.DialAndSendWithContext(ctx, msg); err != nil {
		return refused(m.server.Host, err)
	}
	return nil
}

func refused(host string, err error) error {
	var send *gomail.SendError
	if errors.As(err, &send) && send.Reason == gomail.ErrSMTPRcptTo && !send.IsTemp() {
		return fmt.Errorf("mail server %s: %w: %w", host, ErrAddress, err)
	}
	return fmt.Errorf("mail server %s: %w", host, err)
}

func (m *Mailer) compose(l Letter) (*gomail.Msg, error) {
	if _, err := ParseAddress(l.To); err != nil {
		return nil, err
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	err := errors.Join(msg.FromFormat(m.server.Name, m.server.From), msg.To(l.To))
	if l.ReplyTo != "" {
		err = errors.Join(err, msg.ReplyTo(l.ReplyTo))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAddress, err)
	}
	msg.Subject(l.Subject)
	msg.SetDateWithValue(m.now())
	msg.SetGenHeader(gomail.Header("Auto-Submitted"), "auto-generated")
	if l.ID != "" {
		msg.SetMessageIDWithValue(l.ID + "@" + m.server.Host)
	}
	msg.SetBodyString(gomail.TypeTextPlain, l.Text)
	return msg, nil
}

func (m *Mailer) options() []gomail.Option {
	s := m.server
	o := []gomail.Option{gomail.WithPort(s.Port), gomail.WithTimeout(mailTime)}
	if s.TLS != nil {
		o = append(o, gomail.WithTLSConfig(s.TLS))
	}
	switch {
	case s.Implicit:
		o = append(o, gomail.WithSSL())
	case onThisMachine(s.Host):
		o = append(o, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	default:
		o = append(o, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if s.User != "" && s.Password != "" {
		o = append(o, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.User), gomail.WithPassword(s.Password))
	}
	return o
}

func onThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
