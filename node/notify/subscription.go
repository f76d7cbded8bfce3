package notify

import (
	"crypto/ecdh"
	"errors"
	"fmt"
	"net/url"
)

// MaxEndpoint is the longest address of a push service in bytes.
const MaxEndpoint = 1024

// ErrSubscription reports a subscription that no browser makes.
var ErrSubscription = errors.New("not a push subscription")

// Subscription is where and for whom a push message is (RFC 8030 §4, RFC 8291 §2).
type Subscription struct {
	Endpoint string // https, at most MaxEndpoint bytes
	Key      []byte // the browser's P-256 public key, uncompressed, 65 bytes
	Auth     []byte // its authentication secret, 16 bytes
}

// Check refuses what can't be sent to.
func (s Subscription) Check() error {
	_, _, err := s.parse()
	return err
}

func (s Subscription) parse() (*url.URL, *ecdh.PublicKey, error) {
	u, err := url.Parse(s.Endpoint)
	switch {
	case len(s.Endpoint) > MaxEndpoint:
		return nil, nil, fmt.Errorf("%w: an address of %d bytes", ErrSubscription, len(s.Endpoint))
	case err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil:
		return nil, nil, fmt.Errorf("%w: %q is no https address", ErrSubscription, s.Endpoint)
	case len(s.Auth) != 16:
		return nil, nil, fmt.Errorf("%w: a secret of %d bytes instead of 16", ErrSubscription, len(s.Auth))
	}
	key, err := ecdh.P256().NewPublicKey(s.Key)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrSubscription, err)
	}
	return u, key, nil
}
