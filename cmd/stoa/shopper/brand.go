package shopper

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/thread"
)

// What a brand can lack.
var (
	// ErrUnknownVariant says that the brand's catalog has no such variant.
	ErrUnknownVariant = errors.New("the brand has no such variant")
	// ErrNotServed says that the gateway doesn't show the brand.
	ErrNotServed = errors.New("the gateway doesn't serve this brand")
	// ErrNoPrekey says that the brand takes no conversations at present.
	ErrNoPrekey = errors.New("the brand has published no key to seal to")
)

// Brand is what is proven about a brand, and the gateway through which it was.
type Brand struct {
	ID     protocol.CID
	Client *Client
	// Home is the brand whose gateway it is; Direct says that it is this one's own.
	Home   protocol.CID
	Direct bool
	// Keys speak for the brand in threads; they stand in its identity log.
	Keys thread.BrandKeys
	log  [][]byte
	// Prekey is what is sealed to; PrekeyID names its record.
	Prekey   *catalog.Prekey
	PrekeyID protocol.CID
	// Expired says that the brand hasn't signed its catalog for days: what it shows
	// may be old.
	Expired bool
	// Skew is how far the gateway's clock is ahead of this machine's, 0 below two
	// minutes.
	Skew time.Duration
}

// Meet proves a brand's identity and prekey at the gateway of the client.
func Meet(ctx context.Context, c *Client, brand protocol.CID) (*Brand, error) {
	home, err := c.about(ctx)
	if err != nil {
		return nil, err
	}
	b := &Brand{ID: brand, Client: c, Home: home.Brand, Direct: home.Brand == brand}
	return b, b.prove(ctx)
}

// prove takes keys and prekey from a proof of the present catalog.
func (b *Brand) prove(ctx context.Context) error {
	proven, skew, err := b.Client.proof(ctx, b.ID, string(catalog.PrekeyPath))
	if err != nil {
		return err
	}
	b.Skew, b.Expired = skew, proven.Expired
	if b.log, err = operations(proven.Origin); err != nil {
		return err
	}
	if b.Keys, err = keysOf(b.ID, b.log); err != nil {
		return err
	}
	if proven.Path != catalog.PrekeyPath || len(proven.Records) != 1 {
		return ErrNoPrekey
	}
	r, err := catalog.Decode(catalog.PrekeyPath, proven.Records[0].Data)
	if err != nil {
		return fmt.Errorf("prekey: %w", err)
	}
	b.Prekey, _ = r.(*catalog.Prekey) // nil: of a newer version
	if b.PrekeyID = proven.Records[0].CID; b.Prekey == nil || b.Prekey.Suite != catalog.PrekeySuite {
		return fmt.Errorf("%w that this version understands", ErrNoPrekey)
	}
	return nil
}

func operations(o catalog.Origin) ([][]byte, error) {
	ops := make([][]byte, len(o.Identity))
	for i, op := range o.Identity {
		var err error
		if ops[i], err = op.Encode(); err != nil {
			return nil, err
		}
	}
	return ops, nil
}

// keysOf collects the keys that speak for a brand.
func keysOf(brand protocol.CID, ops [][]byte) (thread.BrandKeys, error) {
	log, err := identity.Load(brand, ops)
	if err != nil {
		return thread.BrandKeys{}, err
	}
	return thread.KeysOf(log), nil
}

// proof fetches and verifies the proof of a path. A clock that is behind the
// gateway's doesn't make its brands' signatures come from the future.
func (c *Client) proof(ctx context.Context, brand protocol.CID, path string) (catalog.Proven, time.Duration, error) {
	a, err := c.do(ctx, http.MethodGet, "/proof/"+brand.String()+"/"+path, "", nil)
	if err != nil {
		return catalog.Proven{}, 0, err
	}
	return c.verified(a, brand)
}

func (c *Client) verified(a answer, brand protocol.CID) (catalog.Proven, time.Duration, error) {
	if a.status == http.StatusNotFound {
		return catalog.Proven{}, 0, ErrNotServed
	}
	if a.status != http.StatusOK {
		return catalog.Proven{}, 0, fmt.Errorf("%w: status %d", ErrUnreachable, a.status)
	}
	now, skew := c.now(), c.skew(a.date)
	if skew > 0 {
		now = now.Add(skew)
	}
	proven, err := catalog.VerifyBundle(a.body, brand, protocol.MillisOf(now))
	if err != nil {
		return proven, skew, fmt.Errorf("proof of the gateway %s: %w", c.base, err)
	}
	return proven, skew, nil
}

// tolerated is what clocks may differ by without being corrected.
const tolerated = 2 * time.Minute

func (c *Client) skew(date time.Time) time.Duration {
	if date.IsZero() {
		return 0
	}
	if d := date.Sub(c.now()); d.Abs() > tolerated {
		return d
	}
	return 0
}

// Product returns the product of a variant with all its offers, proven.
func (b *Brand) Product(ctx context.Context, v protocol.VariantID) (*catalog.Product, []*catalog.Offer, error) {
	a, err := b.Client.do(ctx, http.MethodGet, "/variant/"+b.ID.String()+"/"+string(v), "", nil)
	if err != nil {
		return nil, nil, err
	}
	proven, _, err := b.Client.verified(a, b.ID)
	if errors.Is(err, ErrNotServed) {
		return nil, nil, fmt.Errorf("%s: %w", v, ErrUnknownVariant)
	}
	if err != nil {
		return nil, nil, err
	}
	p, offers := goods(proven.Records)
	for _, o := range offers {
		if p != nil && o.Variant == v {
			return p, offers, nil
		}
	}
	return nil, nil, fmt.Errorf("%s: %w", v, ErrUnknownVariant)
}

func goods(records []catalog.Entry) (p *catalog.Product, offers []*catalog.Offer) {
	for _, e := range records {
		r, err := catalog.Decode(e.Path, e.Data)
		if err != nil {
			continue // of a newer version
		}
		switch r := r.(type) {
		case *catalog.Product:
			p = r
		case *catalog.Offer:
			offers = append(offers, r)
		}
	}
	return p, offers
}
