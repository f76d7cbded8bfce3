package node

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/sync/errgroup"

	"github.com/stoa-commerce/stoa/node/mailbox"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// carryMail has this node keep mail for the brands it follows, and collect what others
// keep for its own.
func (n *Node) carryMail(ctx context.Context) (err error) {
	w := n.net
	w.relay, err = mailbox.NewRelay(ctx, mailbox.RelayOptions{
		Host: w.host(), Store: n.store, Brand: n.brand, Key: n.signingKey, Follows: n.follows, Followed: n.followedBrands,
		Limited: w.p2p.Limited, Blame: w.p2p.Blame, Log: n.log, Now: n.millis, Registry: w.Registry,
	})
	if err != nil {
		return err
	}
	w.collector, err = mailbox.NewCollector(ctx, mailbox.CollectorOptions{
		Host: w.host(), Store: n.store, Brand: n.brand, Key: n.signingKey, Desk: letterbox{n}, Followers: n.relays,
		Dial: w.p2p.Connect, Limited: w.p2p.Limited, Blame: w.p2p.Blame, Log: n.log, Now: n.millis,
	})
	return err
}

func (n *Node) follows(brand protocol.CID) bool { return brand != n.brand && n.kept.has(brand) }

// relays lists the connected peers that follow the own brand.
func (n *Node) relays() []peer.ID {
	var out []peer.ID
	for id, brands := range n.net.gossip.Pushed() {
		if slices.Contains(brands, n.brand) {
			out = append(out, id)
		}
	}
	return out
}

// stir has relays be given what is new in a thread.
func (n *Node) stir(id protocol.CID) {
	if n.net != nil && n.net.collector != nil {
		n.net.collector.Stir(id)
	}
}

// gone has relays delete what they hold of a thread that was erased.
func (n *Node) gone(ctx context.Context, id protocol.CID, last [][]byte) error {
	if n.net == nil || n.net.collector == nil {
		return nil
	}
	return n.net.collector.Erase(ctx, id, last)
}

// dropMail deletes what is kept for a brand that is no longer followed. A node that
// isn't served leaves it to its end of time.
func (n *Node) dropMail(ctx context.Context, brand protocol.CID) error {
	if n.net == nil || n.net.relay == nil {
		return nil
	}
	if err := n.net.relay.Forget(ctx, brand); !errors.Is(err, mailbox.ErrClosed) {
		return err
	}
	return nil
}

// letterbox hands mail from relays to the desk.
type letterbox struct{ n *Node }

const mailWait = 20 * time.Second

// Deliver implements mailbox.Desk: threads side by side, what is of one thread in its
// order.
func (l letterbox) Deliver(ctx context.Context, relay peer.ID, items []mailbox.Item) ([]mailbox.Outcome, error) {
	out := make([]mailbox.Outcome, len(items))
	g, ctx := errgroup.WithContext(ctx)
	for _, places := range byThread(items) {
		g.Go(func() error {
			for len(places) > 0 {
				n, err := l.some(ctx, relay, items, places, out)
				if err != nil {
					return err
				}
				places = places[n:]
			}
			return nil
		})
	}
	return out, g.Wait()
}

// byThread returns the places of the items of each thread.
func byThread(items []mailbox.Item) map[protocol.CID][]int {
	out := map[protocol.CID][]int{}
	for i, item := range items {
		out[item.Thread] = append(out[item.Thread], i)
	}
	return out
}

// some delivers the first item of a thread, or as many envelopes as stand first, and
// returns how many it delivered.
func (l letterbox) some(ctx context.Context, relay peer.ID, items []mailbox.Item, places []int, out []mailbox.Outcome) (int, error) {
	n := 0
	var envelopes [][]byte
	for n < len(places) && n < wire.MaxPosted && items[places[n]].What == wire.MailEnvelope {
		envelopes = append(envelopes, items[places[n]].Bytes)
		n++
	}
	first := items[places[0]]
	if n == 0 {
		o, err := l.one(ctx, relay, first)
		out[places[0]] = o
		return 1, err
	}
	taken, err := l.n.threads.Take(ctx, relay.String(), first.Thread, envelopes, mailWait)
	if n > 1 && errors.Is(err, wire.ErrUnknownEpoch) { // nothing of it was taken: one is to blame, perhaps not the first
		n = 1
		taken, err = l.n.threads.Take(ctx, relay.String(), first.Thread, envelopes[:1], mailWait)
	}
	if reason := refusal(err); reason != "" {
		for _, p := range places[:n] {
			out[p] = mailbox.Outcome{State: wire.MailRefused, Reason: reason}
		}
		return n, nil
	}
	if err != nil {
		return 0, err
	}
	for i, r := range taken.Results {
		out[places[i]] = outcomeOf(r)
	}
	out[places[n-1]].Down, out[places[n-1]].Again = taken.Last, taken.Again
	return n, nil
}

// refusal returns the word for an error that coming again doesn't help, "" for others.
func refusal(err error) string {
	var exists wire.ErrExists
	switch {
	case err == nil:
		return ""
	case errors.As(err, &exists):
		return "exists"
	case errors.Is(err, wire.ErrUnknownThread):
		return "unknown_thread"
	case errors.Is(err, wire.ErrUnknownEpoch):
		return "unknown_epoch"
	case errors.Is(err, wire.ErrUnknownBrand):
		return "unknown_brand"
	case errors.Is(err, wire.ErrNotAllowed):
		return "not_allowed"
	case errors.Is(err, wire.ErrQuota):
		return "quota"
	case errors.Is(err, wire.ErrTooLarge):
		return "too_large"
	case errors.Is(err, protocol.ErrInvalid), errors.Is(err, thread.ErrUnsupported):
		return "bad_form"
	}
	return ""
}

// outcomeOf says what became of an envelope. One that was refused in the thread has its
// commit there.
func outcomeOf(r wire.EnvelopeResult) mailbox.Outcome {
	switch {
	case r.State == wire.StateCommitted, r.State == wire.StateRefused && r.Seq > 0:
		return mailbox.Outcome{State: wire.MailCommitted}
	case r.State == wire.StateRefused:
		return mailbox.Outcome{State: wire.MailRefused, Reason: r.Reason}
	}
	return mailbox.Outcome{State: wire.MailReceived}
}

// one delivers what is no envelope.
func (l letterbox) one(ctx context.Context, relay peer.ID, item mailbox.Item) (mailbox.Outcome, error) {
	var down [][]byte
	var err error
	switch desk := l.n.threads; item.What {
	case wire.MailBegin:
		err = desk.BeginRelayed(ctx, item.Bytes)
	case wire.MailBlob:
		err = desk.PutRelayedBlob(ctx, item.Thread, item.Bytes)
	case wire.MailJoin:
		var j wire.JoinRequest
		var answer wire.JoinAnswer
		if err = wire.DecodeThread(item.Bytes, &j); err == nil {
			answer, err = desk.Join(ctx, relay.String(), item.Thread, j)
			down = [][]byte{answer.Welcome}
		}
	default:
		err = protocol.Invalid("mail", "%q is nothing that goes to a brand", item.What)
	}
	if reason := refusal(err); reason != "" {
		return mailbox.Outcome{State: wire.MailRefused, Reason: reason}, nil
	}
	return mailbox.Outcome{State: wire.MailReceived, Down: down}, err
}

// Down implements mailbox.Desk.
func (l letterbox) Down(ctx context.Context, id protocol.CID, after uint64, limit int) ([]mailbox.Down, error) {
	list, err := l.n.threads.Down(ctx, id, after, limit)
	out := make([]mailbox.Down, 0, len(list))
	for _, s := range list {
		out = append(out, mailbox.Down{Seq: s.Seq, Envelope: s.Envelope, Blobs: s.Blobs})
	}
	return out, err
}

// Blob implements mailbox.Desk.
func (l letterbox) Blob(ctx context.Context, id, blob protocol.CID) ([]byte, error) {
	return l.n.threads.File(ctx, id, blob)
}

// Find implements mailbox.Desk.
func (l letterbox) Find(ctx context.Context, identities [][32]byte) ([]wire.MailKnown, error) {
	return l.n.threads.Known(ctx, identities)
}
