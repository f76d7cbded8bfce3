package pictures

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/stoa-commerce/stoa/node/guard"
)

// Limits of one fetch.
const (
	// MaxBytes is the largest picture fetched, unless Options say less.
	MaxBytes = 20 << 20
	// MaxURL is the longest URL in bytes.
	MaxURL = 2048

	maxRedirects   = 3
	maxHeader      = 64 << 10
	totalTime      = 30 * time.Second
	connectTime    = 10 * time.Second
	headerTime     = 15 * time.Second
	idleTime       = 10 * time.Second
	maxConnections = 6 // to one host
)

// Options say how pictures are fetched. The zero value is how a node does it.
type Options struct {
	// Timeout bounds a fetch from the first lookup to the last byte; 0 is 30 s.
	Timeout time.Duration
	// MaxBytes bounds a picture; 0 is 20 MiB.
	MaxBytes int64
	// UserAgent is what servers are told; "" is "stoa".
	UserAgent string
	// AllowPrivate lets private addresses and all ports be reached. For tests.
	AllowPrivate bool
}

// Source fetches pictures. Its methods may be called concurrently.
type Source struct {
	options Options
	idle    time.Duration
	allowed func(netip.AddrPort) bool
	client  *http.Client
}

// New returns a source. It keeps idle connections for half a minute at most and
// needs no closing.
func New(o Options) *Source {
	if o.Timeout == 0 {
		o.Timeout = totalTime
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = MaxBytes
	}
	if o.UserAgent == "" {
		o.UserAgent = "stoa"
	}
	s := &Source{options: o, idle: idleTime, allowed: guard.PublicWeb}
	if o.AllowPrivate {
		s.allowed = guard.Anywhere
	}
	s.client = &http.Client{Transport: s.transport(), CheckRedirect: s.redirect}
	return s
}

// transport knows no proxy: behind one, nobody would check where names lead.
func (s *Source) transport() *http.Transport {
	dialer := &net.Dialer{Timeout: connectTime, Control: s.control}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true,
		TLSHandshakeTimeout:    connectTime,
		ResponseHeaderTimeout:  headerTime,
		MaxResponseHeaderBytes: maxHeader,
		MaxConnsPerHost:        maxConnections,
		MaxIdleConnsPerHost:    maxConnections,
		MaxIdleConns:           4 * maxConnections,
		IdleConnTimeout:        totalTime,
	}
}

func (s *Source) redirect(r *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return refused("the server redirected more than %d times", maxRedirects)
	}
	return s.check(r.URL)
}

// check refuses a URL by its form; where its name leads is control's.
func (s *Source) check(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return refused("the URL is neither http nor https")
	case u.Hostname() == "":
		return refused("the URL names no host")
	case u.User != nil:
		return refused("the URL carries a user name or password")
	case !s.options.AllowPrivate && !defaultPort(u):
		return fmt.Errorf("%w (port %s)", ErrForbiddenAddress, u.Port())
	}
	return nil
}

func defaultPort(u *url.URL) bool {
	return u.Port() == "" || u.Port() == "80" || u.Port() == "443"
}

// Fetch asks for the URL and gives the body of the answer, to be read and closed
// within the time that Options say. Reading fails, with an error wrapping
// ErrTooLong, when there is more than is taken: what was read is never the
// beginning of something longer without a word. See Temporary on errors.
func (s *Source) Fetch(ctx context.Context, link string) (io.ReadCloser, error) {
	u, err := s.parse(link)
	if err != nil {
		return nil, err
	}
	b, err := s.begin(ctx, u)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// begin asks, and leaves it to the body to give the request's resources back.
func (s *Source) begin(ctx context.Context, u *url.URL) (*body, error) {
	ctx, stop := context.WithCancelCause(ctx)
	ctx, done := context.WithTimeoutCause(ctx, s.options.Timeout, errSlow)
	end := func(cause error) { stop(cause); done() }
	in, err := s.get(ctx, u)
	if err != nil {
		err = because(ctx, err)
		end(nil)
		return nil, err
	}
	return &body{ctx: ctx, stop: end, in: in, max: s.options.MaxBytes, left: s.options.MaxBytes, idle: s.idle}, nil
}

// Temporary reports whether a failed Fetch may succeed later.
func (s *Source) Temporary(err error) bool { return Temporary(err) }

func (s *Source) parse(link string) (*url.URL, error) {
	if len(link) > MaxURL {
		return nil, refused("the URL is longer than %d bytes", MaxURL)
	}
	u, err := url.Parse(link)
	if err != nil {
		return nil, refused("the URL is malformed")
	}
	return u, s.check(u)
}

func (s *Source) get(ctx context.Context, u *url.URL) (io.ReadCloser, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, refused("the URL is malformed")
	}
	r.Header.Set("User-Agent", s.options.UserAgent)
	r.Header.Set("Accept", "image/webp,image/jpeg,image/png,image/gif;q=0.8,*/*;q=0.1")
	answered, err := s.client.Do(r)
	if err != nil {
		return nil, inWords(plain(err), u.Hostname())
	}
	if err := s.acceptable(answered); err != nil {
		return nil, errors.Join(err, answered.Body.Close())
	}
	return answered.Body, nil
}

func (s *Source) acceptable(r *http.Response) error {
	if r.StatusCode != http.StatusOK {
		return answer(r.StatusCode)
	}
	if e := r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return refused("the server sent it compressed, unasked")
	}
	if r.ContentLength > s.options.MaxBytes {
		return tooLong(s.options.MaxBytes)
	}
	return nil
}

// plain drops the method and URL that the client puts before every error: the
// caller knows what it asked for.
func plain(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
