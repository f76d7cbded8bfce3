package notify

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/stoa-commerce/stoa/node/guard"
)

// ErrGone means that the browser is no longer subscribed: there is nobody to try
// again.
var ErrGone = errors.New("the push subscription has ended")

// PushOptions say who pushes.
type PushOptions struct {
	Key *VAPID
	// Contact is the mailto: or https: address told to push services. Some refuse
	// localhost and made-up domains.
	Contact string
	// Allowed says which addresses may be connected to; nil is guard.PublicWeb. A
	// subscription is a stranger's word: it must not lead into a private network.
	Allowed func(netip.AddrPort) bool
	Now     func() time.Time
	// Transport carries the requests; nil is one of its own. Its dialler and proxy are
	// replaced.
	Transport *http.Transport
}

// Pusher sends push messages. Its methods may be called concurrently.
type Pusher struct {
	o      PushOptions
	client *http.Client

	mu     sync.Mutex
	tokens map[string]issued // by the service's scheme and host
}

type issued struct {
	token string
	until time.Time
}

// pushTime bounds one message, maxTokens the services whose tokens are kept.
const (
	pushTime  = 20 * time.Second
	maxTokens = 64
)

// NewPusher makes a Pusher.
func NewPusher(o PushOptions) *Pusher {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Allowed == nil {
		o.Allowed = guard.PublicWeb
	}
	transport := o.Transport
	if transport == nil {
		transport = &http.Transport{TLSHandshakeTimeout: 10 * time.Second, MaxIdleConns: 16, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true}
	}
	transport.Proxy = nil
	transport.DialContext = (&net.Dialer{Timeout: 10 * time.Second, Control: guard.Control(o.Allowed)}).DialContext
	noRedirects := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Pusher{o: o, client: &http.Client{Transport: transport, CheckRedirect: noRedirects, Timeout: pushTime}, tokens: map[string]issued{}}
}

// Public is the key that browsers subscribe with.
func (p *Pusher) Public() []byte { return p.o.Key.Public() }

// Push is one message.
type Push struct {
	Message []byte        // at most MaxPush bytes; encrypted for the browser
	Keep    time.Duration // how long the service keeps it for a browser that is away
	Topic   string        // a later message of the topic takes this one's place; at most 32 of the base64url characters
	Urgent  bool
}

// Send hands a message to the browser's push service. ErrGone and ErrSubscription are
// final; other errors can be tried again.
func (p *Pusher) Send(ctx context.Context, to Subscription, m Push) error {
	service, browser, err := to.parse()
	if err != nil {
		return err
	}
	body, err := sealed(browser, to.Auth, m.Message)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.Endpoint, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if err := p.sign(req, service, m); err != nil {
		return err
	}
	res, err := p.client.Do(req)
	if err != nil {
		return fmt.Errorf("push to %s: %w", service.Host, err)
	}
	defer res.Body.Close()
	_, _ = io.CopyN(io.Discard, res.Body, 4<<10) // so that the connection can be used again
	return outcome(service.Host, res.StatusCode)
}

func sealed(browser *ecdh.PublicKey, auth, message []byte) ([]byte, error) {
	own, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return nil, err
	}
	return seal(browser, auth, salt, message, own)
}

func (p *Pusher) sign(req *http.Request, service *url.URL, m Push) error {
	token, err := p.token(service)
	if err != nil {
		return err
	}
	h := req.Header
	h.Set("Authorization", "vapid t="+token+", k="+encoding.EncodeToString(p.Public()))
	h.Set("Content-Encoding", "aes128gcm")
	h.Set("Content-Type", "application/octet-stream")
	h.Set("TTL", strconv.Itoa(int(m.Keep/time.Second)))
	if m.Topic != "" {
		h.Set("Topic", m.Topic)
	}
	if m.Urgent {
		h.Set("Urgency", "high")
	}
	return nil
}

// token returns the token for a service, a new one when half of the last one's time
// is over: services don't like a new one for each message.
func (p *Pusher) token(service *url.URL) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	name, now := service.Host, p.o.Now()
	if t, ok := p.tokens[name]; ok && now.Before(t.until) {
		return t.token, nil
	}
	token, err := p.o.Key.token(service, p.o.Contact, now)
	if err != nil {
		return "", err
	}
	if len(p.tokens) >= maxTokens {
		clear(p.tokens)
	}
	p.tokens[name] = issued{token, now.Add(tokenTime / 2)}
	return token, nil
}

func outcome(host string, status int) error {
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusNotFound || status == http.StatusGone:
		return fmt.Errorf("push to %s: %w", host, ErrGone)
	}
	return fmt.Errorf("push to %s: it answered %d", host, status)
}
