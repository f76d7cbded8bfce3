package gossip

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// Brands is what the node keeps of brands: its own and those it follows. Its
// methods are called from several goroutines, for one brand never at the same
// time, and must not wait for Gossip.
type Brands interface {
	// Standing returns what is known of a brand that the node keeps; kept is false
	// for every other one. It is asked for each announcement of a right form,
	// before any signature is verified, so it must be cheap. The log in it must not
	// change until the next call for the brand.
	Standing(ctx context.Context, brand protocol.CID) (s wire.Standing, kept bool, err error)
	// Hear takes an announcement of a kept brand whose verdict is Accept, delivered
	// by a peer. If operations were missing and a peer was asked for them, Identity of
	// the announcement holds the brand's whole log, verified, however long: more than
	// a message can carry. Hear returns when what must survive a crash is durable; with an
	// error the announcement is ignored and may come again.
	Hear(ctx context.Context, j wire.Judgement, from peer.ID) error
}

// Options say how gossip runs. Host, Network and Brands are required.
type Options struct {
	Host    host.Host
	Network wire.Network
	Brands  Brands
	Log     *slog.Logger           // nil: slog.Default
	Now     func() protocol.Millis // nil: the system's clock
	// Registry takes the metrics; nil: they are counted and not shown.
	Registry prometheus.Registerer
	// Limited reports whether a peer is connected only over a relay that limits
	// time and bytes: such peers are no part of gossip, only of push streams. nil:
	// asked of Host.
	Limited func(peer.ID) bool
	// Seeds are peers that the owner trusts to be there; they score high.
	Seeds []peer.ID
	// Followed lists the brands to ask push streams for. nil: none.
	Followed func() []protocol.CID
	// Homes lists peers that likely hold a brand, its own node first. nil: none.
	Homes func(brand protocol.CID) []peer.ID
	// Current returns the present announcement of a brand that the node keeps, for
	// followers that just came; it may ask the store. nil: none.
	Current func(ctx context.Context, brand protocol.CID) (wire.Announcement, bool)
	// Rival returns the announcement of the head that contests the present one, if
	// there is such; the same for followers that just came. nil: none.
	Rival func(ctx context.Context, brand protocol.CID) (wire.Announcement, bool)
	// Fetch asks a peer for all identity operations of a brand (specs/12-catchup.md),
	// at most MaxLog bytes of them: those that an announcement hangs on and that
	// neither it nor the node has. It is asked in the background, for few brands at a
	// time, and has 10 seconds. It blames the peer itself for what isn't an answer;
	// who signed the operations is checked here. nil: nobody is asked, and such
	// announcements come to nothing.
	Fetch func(ctx context.Context, brand protocol.CID, from peer.ID) ([][]byte, error)
	// Blame is told of each peer that delivered what is provably wrong. nil: nobody.
	Blame func(peer.ID, string)
}

func (o *Options) fill() error {
	if o.Host == nil || o.Brands == nil {
		return errors.New("gossip: a host and brands are needed")
	}
	if _, err := wire.ParseNetwork(string(o.Network)); err != nil {
		return err
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = func() protocol.Millis { return protocol.MillisOf(time.Now()) }
	}
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	o.fillCallbacks()
	return nil
}

func (o *Options) fillCallbacks() {
	if o.Limited == nil {
		o.Limited = func(id peer.ID) bool { return limited(o.Host, id) }
	}
	if o.Followed == nil {
		o.Followed = func() []protocol.CID { return nil }
	}
	if o.Homes == nil {
		o.Homes = func(protocol.CID) []peer.ID { return nil }
	}
	none := func(context.Context, protocol.CID) (wire.Announcement, bool) { return wire.Announcement{}, false }
	if o.Current == nil {
		o.Current = none
	}
	if o.Rival == nil {
		o.Rival = none
	}
	if o.Blame == nil {
		o.Blame = func(peer.ID, string) {}
	}
}
