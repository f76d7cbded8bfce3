package wellknown

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/stoa-commerce/stoa/node/guard"
	"github.com/stoa-commerce/stoa/protocol"
)

// Path is where the document lies.
const Path = "/.well-known/stoa"

const (
	totalTime   = 15 * time.Second
	connectTime = 5 * time.Second
	maxHeader   = 64 << 10
	maxURL      = 2048
)

// ErrUnreachable means that no answer came, or none that says something about the
// document: it may be there later.
var ErrUnreachable = errors.New("the gateway could not be asked")

// Reader fetches documents. Its methods may be called concurrently.
type Reader struct {
	client *http.Client
}

// New returns a reader that speaks to public addresses at the web's ports only, for
// names that strangers gave.
func New() *Reader { return reader(guard.PublicWeb) }

// NewTrusting returns a reader that speaks to any address, for URLs that the node's
// owner typed.
func NewTrusting() *Reader { return reader(guard.Anywhere) }

// reader knows no proxy: behind one, nobody would check where names lead. It follows
// no redirects.
func reader(allowed func(netip.AddrPort) bool) *Reader {
	dialer := &net.Dialer{Timeout: connectTime, Control: guard.Control(allowed)}
	return &Reader{client: &http.Client{
		Timeout:       totalTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			ForceAttemptHTTP2:      true,
			DisableCompression:     true,
			DisableKeepAlives:      true,
			TLSHandshakeTimeout:    connectTime,
			ResponseHeaderTimeout:  totalTime,
			MaxResponseHeaderBytes: maxHeader,
		},
	}}
}

// Read asks the gateway at a base URL, such as Base returns. The error wraps
// protocol.ErrInvalid when what came is no such document, ErrUnreachable when
// nothing came, guard.ErrForbiddenAddress when nobody may be asked there.
func (r *Reader) Read(ctx context.Context, base string) (Document, error) {
	data, err := r.fetch(ctx, base+Path)
	if err != nil {
		return Document{}, fmt.Errorf("ask %s: %w", base, err)
	}
	doc, err := Decode(data)
	if err != nil {
		return Document{}, fmt.Errorf("ask %s: %w", base, err)
	}
	return doc, nil
}

func (r *Reader) fetch(ctx context.Context, link string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return nil, protocol.Invalid("address of a gateway", "%v", err)
	}
	req.Header.Set("User-Agent", "stoa")
	req.Header.Set("Accept", "application/json")
	answer, err := r.client.Do(req)
	if err != nil {
		return nil, plain(err)
	}
	defer answer.Body.Close()
	if err := status(answer); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(answer.Body, MaxDocument+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return data, nil
}

// plain drops the method and URL that the client puts before every error.
func plain(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if errors.Is(err, guard.ErrForbiddenAddress) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

// status refuses every answer but 200. A redirect is one that says nothing.
func status(r *http.Response) error {
	switch {
	case r.StatusCode == http.StatusOK:
		return nil
	case r.StatusCode >= 500 || r.StatusCode == http.StatusTooManyRequests:
		return fmt.Errorf("%w: it answered %s", ErrUnreachable, r.Status)
	}
	return protocol.Invalid("gateway", "there is no Stoa node: it answered %s", r.Status)
}

// Base returns the base URL of a gateway as its owner may write it: with or without
// a scheme, and with the address of one of its pages behind it. Without a scheme it
// is https.
func Base(s string) (string, error) {
	if len(s) > maxURL {
		return "", protocol.Invalid("address of a gateway", "is longer than %d bytes", maxURL)
	}
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil {
		return "", protocol.Invalid("address of a gateway", "it is no URL")
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return "", protocol.Invalid("address of a gateway", "it must be http or https and name a host")
	}
	return u.Scheme + "://" + strings.ToLower(u.Host), nil
}
