package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/stoa-commerce/stoa/node"
	"github.com/stoa-commerce/stoa/node/wellknown"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
)

// Brand is a followed brand as stoa brands lists it.
type Brand struct {
	Brand    protocol.CID `json:"brand"`
	Handle   string       `json:"handle"` // its pages are at /@handle/
	Name     string       `json:"name"`
	Domain   string       `json:"domain,omitempty"` // verified
	Epoch    uint64       `json:"epoch"`            // of the head that is shown; 0 while nothing has come
	Seq      uint64       `json:"seq"`
	State    node.State   `json:"state"`            // current, stale, expired or contested
	Reason   string       `json:"reason,omitempty"` // why it is stale or contested
	Products int          `json:"products"`
	// LastSeen is when it was last confirmed that what is shown is the brand's
	// latest; null when it never was.
	LastSeen *protocol.Millis `json:"lastSeen"`
	Behind   bool             `json:"behind"`          // something newer is known and not here yet
	Error    string           `json:"error,omitempty"` // why the last attempt to fetch it failed
}

func brand(b node.BrandStatus) Brand {
	out := Brand{
		Brand: b.Brand, Handle: b.Handle, Name: b.Name, Domain: b.Domain, Epoch: b.Epoch, Seq: b.Seq,
		State: b.State, Reason: b.Reason, Products: b.Products, Behind: b.Behind, Error: b.Error,
	}
	if b.LastSeen != 0 {
		out.LastSeen = &b.LastSeen
	}
	return out
}

// FollowQuery names a brand by its ID, the multiaddr of its node or the URL of a
// gateway. Handle is what it is called here; "" leaves that to the node.
type FollowQuery struct{ Target, Handle string }

func (s server) follow(ctx context.Context, q FollowQuery) (Brand, error) {
	b, err := s.n.Follow(ctx, q.Target, q.Handle)
	return brand(b), unfollowable(q.Target, err)
}

// unfollowable says in words why a brand can't be followed.
func unfollowable(target string, err error) error {
	said := func(format string) error { return &Failure{fmt.Sprintf(format, target), err} }
	switch {
	case err == nil:
		return nil
	case errors.Is(err, node.ErrOwnBrand):
		return said("%.200s is this shop itself")
	case errors.Is(err, node.ErrNoNetwork):
		return said("%.200s can't be asked: this shop was opened with --listen none, so it meets nobody")
	case errors.Is(err, node.ErrNoBrandThere):
		return said("the node at %.200s serves no brand")
	case errors.Is(err, wellknown.ErrUnreachable):
		return said("no shop answers at %.200s: is the address right, and the shop open?")
	case errors.Is(err, protocol.ErrInvalid):
		return err
	}
	first, _, _ := strings.Cut(err.Error(), "\n") // the rest is which way was tried how
	return &Failure{first, err}
}

// mirror takes an archive of a followed brand.
func (s server) mirror(w http.ResponseWriter, r *http.Request) {
	both := s.prompt(w, r)
	_ = both.conn.EnableFullDuplex() // over a socket; in this process both ways are open anyway
	b, err := s.n.TakeArchive(r.Context(), both)
	_, _ = io.Copy(io.Discard, both) // a client that is still sending would miss the answer
	if errors.Is(err, store.ErrNotFound) {
		err = &Failure{"its brand is not followed here: 'stoa follow' with the brand's ID begins that; 'stoa verify' shows the ID", err}
	}
	answer(both, brand(b), err)
}

// UnfollowQuery names a followed brand by its ID or handle.
type UnfollowQuery struct{ Brand string }

// Unfollowed names the brand that is followed no more.
type Unfollowed struct {
	Brand protocol.CID `json:"brand"`
}

func (s server) unfollow(ctx context.Context, q UnfollowQuery) (Unfollowed, error) {
	id, ok := s.n.ByHandle(q.Brand)
	if !ok {
		return Unfollowed{}, protocol.Invalid("unfollow", "this shop follows no %.80q: 'stoa brands' lists those it follows", q.Brand)
	}
	return Unfollowed{id}, s.n.Unfollow(ctx, id)
}

func (s server) brands(ctx context.Context, _ None) ([]Brand, error) {
	all, err := s.n.Brands(ctx)
	out := make([]Brand, 0, len(all))
	for _, b := range all {
		out = append(out, brand(b))
	}
	return out, err
}

// Peer is a connected node as stoa peers lists it.
type Peer struct {
	Peer      string         `json:"peer"`
	Addr      string         `json:"addr"`
	Transport string         `json:"transport"` // tcp, quic, webtransport or relay
	Relayed   bool           `json:"relayed"`   // a relay stands between
	Score     float64        `json:"score"`     // what gossip thinks of it; below 0 is bad
	Brands    []protocol.CID `json:"brands"`    // that it serves or follows, as far as is known
}

func (s server) peers(ctx context.Context, _ None) ([]Peer, error) {
	out := []Peer{}
	for _, p := range s.n.Peers(ctx) {
		out = append(out, Peer{p.Peer, p.Addr, p.Transport, p.Relayed, p.Score, append([]protocol.CID{}, p.Brands...)})
	}
	return out, nil
}
