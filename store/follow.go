package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store/kv"
)

// Bounds of a Follow.
const (
	MaxFollowHandle   = 40  // bytes of a handle
	MaxFollowPeers    = 8   // multiaddrs
	MaxFollowGateways = 4   // base URLs
	maxFollowAddress  = 500 // bytes of a multiaddr or a URL
	maxFollowDomain   = 253 // bytes (RFC 1035 §2.3.4)
)

// Follow is what the node's owner decided about a brand that is mirrored.
type Follow struct {
	Brand protocol.CID `cbor:"brand"`
	// Handle is the name that the owner gave the brand, "" if none: 1 to 40 of
	// a-z, 0-9 and "-".
	Handle string          `cbor:"handle,omitempty"`
	Since  protocol.Millis `cbor:"since"`
	// Peers are multiaddrs with /p2p/ID where the brand was first found, at most 8.
	Peers []string `cbor:"peers,omitempty"`
	// Gateways are base URLs that serve the brand, at most 4.
	Gateways []string `cbor:"gateways,omitempty"`
	// Domain is the brand's verified domain in lower case, "" if none.
	Domain        string          `cbor:"domain,omitempty"`
	DomainChecked protocol.Millis `cbor:"domainChecked,omitempty"`
}

// PutFollow stores durably that a brand is followed, and makes room for it. It
// returns ErrTaken when another followed brand has the handle or the domain.
// RemoveBrand ends it.
func (s *Store) PutFollow(ctx context.Context, f Follow) error {
	if err := f.check(); err != nil {
		return err
	}
	b, err := s.roomFor(ctx, f)
	if err != nil {
		return fmt.Errorf("follow %s: %w", f.Brand, err)
	}
	err = s.kv.Update(ctx, kv.Durable, func(tx kv.Txn) error {
		if err := b.present(tx, f.Brand); err != nil {
			return err
		}
		return putFollow(tx, b.no, f)
	})
	if err != nil {
		return fmt.Errorf("follow %s: %w", f.Brand, err)
	}
	return nil
}

// roomFor returns the brand, added if it is new; not, when its names are taken.
func (s *Store) roomFor(ctx context.Context, f Follow) (*brand, error) {
	b, err := s.lookup(f.Brand)
	if !isNotFound(err) {
		return b, err
	}
	err = s.kv.View(ctx, func(r kv.Reader) error {
		for _, name := range f.names() {
			if err := nameFree(r, 0, name); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = s.AddBrand(ctx, f.Brand)
	}
	if err != nil {
		return nil, err
	}
	return s.lookup(f.Brand)
}

func (f Follow) check() error {
	switch {
	case !f.Brand.Defined():
		return protocol.Invalid("follow", "no brand")
	case len(f.Handle) > MaxFollowHandle || strings.Trim(f.Handle, "abcdefghijklmnopqrstuvwxyz0123456789-") != "":
		return protocol.Invalid("follow", "the handle %.50q is not 1 to %d of a-z, 0-9 and -", f.Handle, MaxFollowHandle)
	case len(f.Peers) > MaxFollowPeers || len(f.Gateways) > MaxFollowGateways:
		return protocol.Invalid("follow", "%d peers and %d gateways, allowed are %d and %d", len(f.Peers), len(f.Gateways), MaxFollowPeers, MaxFollowGateways)
	case len(f.Domain) > maxFollowDomain || f.Domain != "" && !strings.Contains(f.Domain, "."):
		return protocol.Invalid("follow", "%.50q is no domain", f.Domain)
	}
	if slices.ContainsFunc(slices.Concat(f.Peers, f.Gateways), func(a string) bool { return len(a) > maxFollowAddress }) {
		return protocol.Invalid("follow", "an address is longer than %d bytes", maxFollowAddress)
	}
	return nil
}

// names are what the brand is found by. A domain has a dot and a handle has none,
// so that they can't be mixed up.
func (f Follow) names() []string {
	return slices.DeleteFunc([]string{f.Handle, f.Domain}, func(name string) bool { return name == "" })
}

func putFollow(tx kv.Txn, no brandNo, f Follow) error {
	if err := dropNames(tx, no); err != nil {
		return err
	}
	for _, name := range f.names() {
		if err := takeName(tx, no, name); err != nil {
			return err
		}
	}
	b, err := protocol.Marshal(f)
	if err != nil {
		return err
	}
	return tx.Set(keyFollow(no), b)
}

func takeName(tx kv.Txn, no brandNo, name string) error {
	if err := nameFree(tx, no, name); err != nil {
		return err
	}
	return tx.Set(keyName(name), no.append(nil))
}

// nameFree returns ErrTaken when a brand with another number has the name.
func nameFree(r kv.Reader, no brandNo, name string) error {
	owner, err := r.Get(keyName(name))
	if errors.Is(err, kv.ErrNotFound) {
		return nil
	}
	if err == nil && !bytes.Equal(owner, no.append(nil)) {
		err = fmt.Errorf("%q: %w", name, ErrTaken)
	}
	return err
}

// dropNames frees the names of a followed brand, if it is one.
func dropNames(tx kv.Txn, no brandNo) error {
	f, err := readFollow(tx, no)
	if isNotFound(err) {
		return nil
	}
	for _, name := range f.names() {
		if err := tx.Delete(keyName(name)); err != nil {
			return err
		}
	}
	return err
}

// Follow returns what was decided about a brand; ErrNotFound when it isn't
// followed.
func (s *Store) Follow(ctx context.Context, id protocol.CID) (f Follow, err error) {
	b, err := s.lookup(id)
	if err != nil {
		return Follow{}, err
	}
	err = s.kv.View(ctx, func(r kv.Reader) error {
		f, err = readFollow(r, b.no)
		return err
	})
	return f, err
}

func readFollow(r kv.Reader, no brandNo) (Follow, error) {
	b, err := r.Get(keyFollow(no))
	if errors.Is(err, kv.ErrNotFound) {
		return Follow{}, fmt.Errorf("follow: %w", ErrNotFound)
	}
	if err != nil {
		return Follow{}, fmt.Errorf("read follow: %w", err)
	}
	return decodeFollow(b)
}

func decodeFollow(b []byte) (f Follow, err error) {
	if err := protocol.Unmarshal(b, &f); err != nil {
		return Follow{}, fmt.Errorf("follow: %w: %w", err, kv.ErrCorrupt)
	}
	return f, nil
}

// Follows lists the followed brands, by their identifiers.
func (s *Store) Follows(ctx context.Context) (list []Follow, err error) {
	err = s.kv.View(ctx, func(r kv.Reader) error {
		list = nil
		for item, err := range r.Scan(kv.Prefix([]byte("f/")), kv.ScanOptions{}) {
			if err != nil {
				return err
			}
			f, err := decodeFollow(item.Value)
			if err != nil {
				return err
			}
			list = append(list, f)
		}
		return nil
	})
	slices.SortFunc(list, func(a, b Follow) int { return bytes.Compare(a.Brand.Bytes(), b.Brand.Bytes()) })
	return list, err
}
