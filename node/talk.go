package node

import (
	"context"
	"time"

	"github.com/stoa-commerce/stoa/node/mailbox"
	"github.com/stoa-commerce/stoa/node/threads"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// Threads are the conversations that a gateway of this node carries: those of the own
// brand are answered at its desk, those of followed brands wait in boxes for theirs.
type Threads struct{ n *Node }

// Threads returns the conversations for a gateway.
func (n *Node) Threads() Threads { return Threads{n} }

func (t Threads) desk() *threads.Desk { return t.n.threads }

// relay returns who keeps mail for other brands, nil without a network.
func (t Threads) relay() *mailbox.Relay {
	if t.n.net == nil {
		return nil
	}
	return t.n.net.relay
}

// own reports whether a thread is of the own brand. What isn't known at the desk is
// the relay's, where there is one.
func (t Threads) own(ctx context.Context, id protocol.CID) (bool, error) {
	if t.relay() == nil {
		return true, nil
	}
	return t.desk().Has(ctx, id)
}

// Begin begins a thread with the brand that its genesis names.
func (t Threads) Begin(ctx context.Context, depositor string, write [32]byte, b wire.ThreadBegin) (wire.ThreadAnswer, error) {
	brand, err := brandOf(b.Genesis)
	switch {
	case err != nil:
		return wire.ThreadAnswer{}, err
	case brand != t.n.brand && t.relay() != nil:
		return t.relay().Begin(ctx, depositor, write, b)
	}
	return t.desk().Begin(ctx, depositor, write, b)
}

// brandOf reads whose thread a genesis begins. Whether it is one that holds is checked
// where it goes.
func brandOf(genesis []byte) (protocol.CID, error) {
	s, err := protocol.DecodeSigned(genesis)
	if err != nil {
		return protocol.CID{}, err
	}
	var g struct {
		Brand protocol.CID `cbor:"brand"`
	}
	err = protocol.Unmarshal(s.Payload, &g)
	return g.Brand, err
}

// Post takes envelopes of a thread.
func (t Threads) Post(ctx context.Context, depositor string, id protocol.CID, write [32]byte, p wire.ThreadPost, wait time.Duration) (wire.ThreadAnswer, error) {
	own, err := t.own(ctx, id)
	if err != nil {
		return wire.ThreadAnswer{}, err
	}
	if own {
		return t.desk().Post(ctx, depositor, id, write, p, wait)
	}
	return t.relay().Post(ctx, depositor, id, write, p, wait)
}

// Read returns what stands in a thread after a number.
func (t Threads) Read(ctx context.Context, id protocol.CID, req protocol.Signed, after uint64) (wire.ThreadPage, error) {
	own, err := t.own(ctx, id)
	if err != nil {
		return wire.ThreadPage{}, err
	}
	if own {
		return t.desk().Read(ctx, id, req, after)
	}
	return t.relay().Read(ctx, id, req, after)
}

// Join lets a device in.
func (t Threads) Join(ctx context.Context, depositor string, id protocol.CID, j wire.JoinRequest) (wire.JoinAnswer, error) {
	own, err := t.own(ctx, id)
	if err != nil {
		return wire.JoinAnswer{}, err
	}
	if own {
		return t.desk().Join(ctx, depositor, id, j)
	}
	return t.relay().Join(ctx, depositor, id, j)
}

// Find returns the threads of identities with a brand.
func (t Threads) Find(ctx context.Context, brand protocol.CID, identities [][32]byte) ([]protocol.CID, error) {
	if brand != t.n.brand && t.relay() != nil {
		return t.relay().Find(ctx, brand, identities)
	}
	return t.desk().Find(ctx, brand, identities)
}

// Genesis returns the signed genesis of a thread.
func (t Threads) Genesis(ctx context.Context, id protocol.CID) ([]byte, error) {
	own, err := t.own(ctx, id)
	if err != nil {
		return nil, err
	}
	if own {
		return t.desk().Genesis(ctx, id)
	}
	return t.relay().Genesis(ctx, id)
}

// PutBlob keeps a sealed file of a thread.
func (t Threads) PutBlob(ctx context.Context, depositor string, id protocol.CID, write [32]byte, blob []byte) (protocol.CID, error) {
	own, err := t.own(ctx, id)
	if err != nil {
		return protocol.CID{}, err
	}
	if own {
		return t.desk().PutBlob(ctx, depositor, id, write, blob)
	}
	return t.relay().PutBlob(ctx, depositor, id, write, blob)
}

// Blob returns a sealed file of a thread.
func (t Threads) Blob(ctx context.Context, id protocol.CID, req protocol.Signed, blob protocol.CID) ([]byte, error) {
	own, err := t.own(ctx, id)
	if err != nil {
		return nil, err
	}
	if own {
		return t.desk().Blob(ctx, id, req, blob)
	}
	return t.relay().Blob(ctx, id, req, blob)
}

// Watch tells what happens in the threads of the requests.
func (t Threads) Watch(ctx context.Context, reqs []protocol.Signed) (<-chan wire.ThreadEvent, error) {
	var here, there []protocol.Signed
	for _, req := range reqs {
		r, err := thread.OpenRequest(req)
		if err != nil {
			return nil, err
		}
		own, err := t.own(ctx, r.Thread)
		if err != nil {
			return nil, err
		}
		if own {
			here = append(here, req)
		} else {
			there = append(there, req)
		}
	}
	switch {
	case len(there) == 0:
		return t.desk().Watch(ctx, here)
	case len(here) == 0:
		return t.relay().Watch(ctx, there)
	}
	return t.watchBoth(ctx, here, there)
}

// watchBoth watches threads of the desk and of the relay. When one of the two gives
// the reader up, the other does.
func (t Threads) watchBoth(ctx context.Context, here, there []protocol.Signed) (<-chan wire.ThreadEvent, error) {
	ctx, stop := context.WithCancel(ctx)
	a, err := t.desk().Watch(ctx, here)
	if err != nil {
		stop()
		return nil, err
	}
	b, err := t.relay().Watch(ctx, there)
	if err != nil {
		stop()
		return nil, err
	}
	out := make(chan wire.ThreadEvent)
	go join(ctx, stop, out, a, b)
	return out, nil
}

// join passes on what comes from both until one is closed, and closes out.
func join(ctx context.Context, stop context.CancelFunc, out chan<- wire.ThreadEvent, a, b <-chan wire.ThreadEvent) {
	defer close(out)
	defer stop()
	for {
		var e wire.ThreadEvent
		var open bool
		select {
		case e, open = <-a:
		case e, open = <-b:
		}
		if !open {
			return
		}
		select {
		case out <- e:
		case <-ctx.Done():
			return
		}
	}
}
