package gossip

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/sync/errgroup"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// MaxLog is how many bytes of identity operations a peer is asked for at once.
const MaxLog = 1 << 20

const (
	// fetchTime is how long one peer may take to answer.
	fetchTime = 10 * time.Second
	// fetchedAtOnce is how many brands' operations are asked for at a time.
	fetchedAtOnce = 4
)

// errTooLong means that the log of a brand takes more memory than one that the node
// doesn't keep is given.
var errTooLong = errors.New("the identity log is longer than what is remembered of one brand")

// fetcher asks the peers that delivered an announcement for the operations that it
// hangs on and that neither it nor the node has, and then has it judged again
// (specs/11-announcement.md §5).
type fetcher struct {
	g    *Gossip
	wake chan struct{} // one for each worker that has to look
	*ward
}

func newFetcher(g *Gossip) *fetcher {
	return &fetcher{g: g, wake: make(chan struct{}, fetchedAtOnce), ward: newWard()}
}

// miss takes an announcement that was ignored because operations are missing. It
// doesn't wait.
func (f *fetcher) miss(a wire.Announcement, from peer.ID) {
	if f.g.o.Fetch == nil {
		return
	}
	data, err := a.Encode() // the form was right, so these are the bytes that came
	if err != nil {
		return
	}
	c := candidate{announcement: a, data: data, from: from, message: wire.MessageID(f.g.name, data)}
	if f.admit(c, f.g.o.Now()) {
		select {
		case f.wake <- struct{}{}:
		default: // all look already
		}
	}
}

// copied notes that a peer delivered a copy of a message: if that waits, the peer may
// be asked, too.
func (f *fetcher) copied(message string, from peer.ID) {
	if from != f.g.o.Host.ID() {
		f.again(message, from)
	}
}

// run asks until ctx ends.
func (f *fetcher) run(ctx context.Context) error {
	var workers errgroup.Group
	for range fetchedAtOnce {
		workers.Go(func() error { return f.work(ctx) })
	}
	return workers.Wait()
}

func (f *fetcher) work(ctx context.Context) error {
	for ctx.Err() == nil {
		if m, from := f.pick(f.g.o.Now()); m != nil {
			f.serve(ctx, m.brand, from)
			f.answered(m, from)
			continue
		}
		select {
		case <-ctx.Done():
		case <-f.wake:
		}
	}
	return nil
}

// serve asks one deliverer and, if its operations are good, judges what waits for
// them. Otherwise the next deliverer's turn comes.
func (f *fetcher) serve(ctx context.Context, brand protocol.CID, from peer.ID) {
	ops, err := f.ask(ctx, brand, from)
	if err == nil {
		err = f.cure(ctx, brand, ops, from)
	}
	if err != nil {
		f.failed(brand, from, errors.Is(err, errTooLong), f.g.o.Now())
	}
	f.g.metrics.fetched(err)
	f.g.o.Log.Debug("identity asked for", "brand", brand, "peer", from, "operations", len(ops), "err", err)
}

// ask returns the operations that a peer has of a brand, decoded and not verified.
func (f *fetcher) ask(ctx context.Context, brand protocol.CID, from peer.ID) ([]protocol.Signed, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	list, err := f.g.o.Fetch(ctx, brand, from)
	if err != nil {
		return nil, fmt.Errorf("ask for the identity of %s: %w", brand, err)
	}
	if len(list) > identity.MaxOps {
		return nil, fmt.Errorf("%d operations of %s: %w", len(list), brand, identity.ErrFull)
	}
	var ops []protocol.Signed
	size := 0
	for _, data := range list {
		if size += len(data); size > MaxLog {
			return nil, fmt.Errorf("more than %d bytes of operations of %s: %w", MaxLog, brand, errTooLong)
		}
		op, err := protocol.DecodeSigned(data)
		if err != nil {
			return nil, f.g.disproved(from, brand, err)
		}
		ops = append(ops, op)
	}
	return ops, nil
}

// disproved blames a peer for operations that are provably wrong.
func (g *Gossip) disproved(from peer.ID, brand protocol.CID, err error) error {
	if errors.Is(err, protocol.ErrInvalid) {
		g.o.Blame(from, "identity of "+brand.String()+": "+err.Error())
	}
	return fmt.Errorf("operations of %s: %w", brand, err)
}

// cure judges the announcements that wait, with the operations that a peer answered
// with, and passes on what is accepted. An error means that the operations are no
// good, and all still waits.
func (f *fetcher) cure(ctx context.Context, brand protocol.CID, ops []protocol.Signed, from peer.ID) error {
	for range 2 * maxCandidates { // what comes meanwhile included, but not for ever
		c, ok := f.highest(brand)
		if !ok {
			break
		}
		j, err := f.g.judgeCured(ctx, c, ops, from)
		if err != nil {
			return err
		}
		f.judged(c)
		f.g.report(j, c.from, byFetch)
		switch {
		case j.Verdict == wire.Accept:
			f.g.spread(ctx, j, c.data, c.from)
		case j.Reason == wire.IdentityMissing: // it hangs on nothing that there is
			f.failed(brand, c.from, false, f.g.o.Now())
		}
	}
	f.discharge(brand)
	return nil
}

func (g *Gossip) judgeCured(ctx context.Context, c candidate, ops []protocol.Signed, from peer.ID) (wire.Judgement, error) {
	ctx, cancel := context.WithTimeout(ctx, hearTime)
	defer cancel()
	h := &hearing{g: g, ctx: ctx, from: c.from, way: byFetch}
	defer h.end()
	brand := c.announcement.Head.Brand
	h.begin(brand)
	if h.err != nil {
		return ignored(c.announcement, Unavailable, h.err), nil
	}
	if err := h.supply(ops); err != nil {
		return wire.Judgement{}, g.disproved(from, brand, err)
	}
	return h.weigh(c.announcement), nil
}

// supply adds operations to what is known of the brand in this hearing. What is
// remembered of a brand that the node doesn't keep is bounded before anything is
// verified.
func (h *hearing) supply(ops []protocol.Signed) error {
	cost := h.b.log
	for _, op := range ops {
		if h.s.Log == nil || !h.s.Log.Has(op.ID()) {
			cost += costOf(op)
		}
	}
	if !h.kept && cost > maxOneTip {
		return errTooLong
	}
	log, err := merged(h.b.id, h.s.Log, ops)
	if err != nil {
		return err
	}
	h.s.Log, h.supplied, h.cost = log, true, cost
	return nil
}

// merged returns a log with more operations; the one that is known, which may be nil,
// stays as it is.
func merged(brand protocol.CID, known *identity.Log, ops []protocol.Signed) (*identity.Log, error) {
	if known == nil {
		return logOf(brand, ops)
	}
	log := *known // appending replaces what the copy holds
	_, err := log.AppendSigned(ops...)
	return &log, err
}

func logOf(brand protocol.CID, ops []protocol.Signed) (*identity.Log, error) {
	var encoded [][]byte
	for _, op := range ops {
		data, err := op.Encode()
		if err != nil {
			return nil, err
		}
		encoded = append(encoded, data)
	}
	return identity.Load(brand, encoded)
}
