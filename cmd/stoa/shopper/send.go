package shopper

import (
	"context"
	"errors"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// Bounds of sending.
const (
	// maxTries is how often an exchange is begun anew because a key, the clock or the
	// thread had to be put right first.
	maxTries = 4
	// maxPost is how many bytes of envelopes go in one post.
	maxPost = 900 << 10
	// longWait is how long the brand's own gateway is asked to wait for commits.
	longWait = 10 * time.Second
)

// exchange sends what waits in the outbox and takes what has come, once.
func (c *Conversation) exchange(ctx context.Context, wait time.Duration) (err error) {
	for range maxTries {
		var again bool
		if again, err = c.try(ctx, wait); !again {
			return err
		}
	}
	return err
}

// try is one round of an exchange. again says that something was put right and it is
// worth another.
func (c *Conversation) try(ctx context.Context, wait time.Duration) (again bool, err error) {
	if c.locked && c.state.Begun {
		if err := c.unlock(ctx); err != nil {
			return false, err
		}
	}
	if c.lost != nil && c.state.Begun {
		if err := c.handBack(ctx); err != nil {
			return c.mend(err), err
		}
	}
	envelopes, sent, err := c.sealed()
	if err != nil {
		return false, err
	}
	if envelopes, sent, err = c.withSync(envelopes, sent); err != nil {
		return false, err
	}
	if len(envelopes) == 0 && c.state.Begun && wait == 0 {
		return c.receive(ctx)
	}
	asked := c.seq()
	a, err := c.deliver(ctx, envelopes, wait)
	if err != nil {
		return c.mend(err), err
	}
	again = c.results(a.Results, sent)
	if err := c.take(a.ThreadPage); err != nil {
		return false, err
	}
	if again = c.remembers(asked, a.Next) || again || c.locked || c.lost != nil; again || !a.More {
		return again, nil
	}
	return c.receive(ctx)
}

// remembers notices that a brand which is asked directly knows less than its shopper
// asked behind.
func (c *Conversation) remembers(asked, next uint64) (forgot bool) {
	if c.state.Relayed || c.gone || next >= asked {
		return false
	}
	c.forgot(next)
	return c.lost != nil
}

// deliver posts envelopes, with the genesis before them if the gateway hasn't got it.
func (c *Conversation) deliver(ctx context.Context, envelopes [][]byte, wait time.Duration) (wire.ThreadAnswer, error) {
	if !c.state.Begun {
		if c.seq() > 0 && !c.state.Relayed { // the brand has lost all of it
			envelopes, wait = nil, 0
		}
		a, err := c.brand.Client.begin(ctx, wire.ThreadBegin{Genesis: c.state.Genesis, Envelopes: envelopes, After: c.after()}, c.state.Write, wait)
		if err == nil {
			c.state.Begun = true
		}
		return a, err
	}
	return c.brand.Client.post(ctx, c.state.Thread, wire.ThreadPost{Envelopes: envelopes, After: c.after()}, c.state.Write, wait)
}

// mend puts right what an error says is wrong, if that is possible.
func (c *Conversation) mend(err error) bool {
	var clock wire.ErrClock
	switch {
	case errors.As(err, &clock):
		c.brand.Skew = clock.Time.Time().Sub(c.brand.Client.now())
		return true
	case errors.Is(err, wire.ErrUnknownThread) && c.state.Begun:
		c.state.Begun, c.state.After = false, 0
		return true
	case errors.Is(err, wire.ErrUnknownEpoch):
		c.locked = true
		return true
	}
	return false
}

// sealed returns the envelopes of what is pending, as many as fit in one post, and
// which they are of.
func (c *Conversation) sealed() (envelopes [][]byte, of []protocol.CID, err error) {
	n, secret, ok := c.state.present()
	if !ok || c.lost != nil {
		return nil, nil, nil // there is something to do first
	}
	size, changed := 0, false
	for i := range c.state.Outbox {
		p := &c.state.Outbox[i]
		if p.State == wire.StateRefused || len(envelopes) == wire.MaxPosted {
			continue
		}
		if p.Sealed == nil || p.Epoch != n {
			if p.Sealed, err = c.seal(n, secret, &thread.EntryParcel{Entry: p.Entry, Salt: p.Salt, Body: p.Body}); err != nil {
				return nil, nil, err
			}
			p.Epoch, changed = n, true
		}
		if size += len(p.Sealed); size > maxPost {
			break
		}
		envelopes, of = append(envelopes, p.Sealed), append(of, p.ID)
	}
	if changed {
		err = c.save() // it is known what was sent, whenever the process ends
	}
	return envelopes, of, err
}

// syncPause is how long what was asked for again may take.
const syncPause = 5 * time.Second

// withSync puts a question for what is missing before the envelopes, when a relay
// doesn't have it: it forgets, loses, and was never given what is older than it.
func (c *Conversation) withSync(envelopes [][]byte, of []protocol.CID) ([][]byte, []protocol.CID, error) {
	missing := len(c.ahead) > 0 || c.committed > c.seq()
	n, under, ok := c.state.present()
	if !c.state.Relayed || !missing || !ok || len(envelopes) == wire.MaxPosted || time.Since(c.synced) < syncPause {
		return envelopes, of, nil
	}
	data, err := c.seal(n, under, &thread.SyncParcel{After: c.seq()})
	if err != nil {
		return nil, nil, err
	}
	c.synced = time.Now()
	return append([][]byte{data}, envelopes...), append([]protocol.CID{{}}, of...), nil
}

// seal seals a parcel for the brand.
func (c *Conversation) seal(n uint64, under [thread.SecretSize]byte, p thread.Parcel) ([]byte, error) {
	return thread.Envelope{Thread: c.state.Thread, Dir: thread.Up, Epoch: n, Salt: secret()}.Seal(under, p)
}

// results notes what became of the envelopes.
func (c *Conversation) results(results []wire.EnvelopeResult, of []protocol.CID) (again bool) {
	for i, id := range of {
		p := c.pending(id)
		if p == nil || i >= len(results) {
			continue
		}
		switch r := results[i]; {
		case r.State == wire.StateRefused && r.Reason == wire.WordUnknownEpoch:
			p.Sealed, c.locked, again = nil, true, true
		case r.State == wire.StateRefused && (r.Reason == wire.WordQuota || r.Reason == wire.WordBusy):
			p.Reason = r.Reason
		case r.State == wire.StateRefused:
			c.gone = c.gone || r.Reason == thread.RefusedErased
			p.State, p.Reason = wire.StateRefused, r.Reason
		case r.State == wire.StateCommitted:
			p.State, p.Reason = wire.StateReceived, "" // until the commit itself is here
		default:
			p.State, p.Reason = r.State, ""
		}
	}
	return again
}

func (c *Conversation) pending(id protocol.CID) *pending {
	for i := range c.state.Outbox {
		if c.state.Outbox[i].ID == id {
			return &c.state.Outbox[i]
		}
	}
	return nil
}

// receive reads what has come, page by page.
func (c *Conversation) receive(ctx context.Context) (again bool, err error) {
	for {
		request, err := thread.Request{Thread: c.state.Thread, Time: c.now()}.Sign(c.state.device())
		if err != nil {
			return false, err
		}
		asked, after := c.seq(), c.after()
		page, err := c.brand.Client.read(ctx, c.state.Thread, request, after)
		if err != nil {
			return c.mend(err), err
		}
		if err := c.take(page); err != nil {
			return false, err
		}
		if c.remembers(asked, page.Next) || c.locked || c.lost != nil {
			return true, nil
		}
		if !page.More || c.after() == after {
			return false, nil
		}
	}
}

// until exchanges until done says so, or ctx ends: then the error is *Pending.
func (c *Conversation) until(ctx context.Context, done func() (bool, error)) error {
	var last error
	for pause := 200 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		if ok, err := done(); ok || err != nil {
			return err
		}
		if ctx.Err() == nil {
			if last = c.exchange(ctx, remaining(ctx)); last != nil && !passing(last) {
				return last
			}
			if ok, err := done(); ok || err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return c.waits(last)
		case <-time.After(pause):
		}
	}
}

// remaining is how long a post may wait, in the time that ctx leaves.
func remaining(ctx context.Context) time.Duration {
	if end, ok := ctx.Deadline(); ok {
		return min(max(time.Until(end), 0), longWait)
	}
	return longWait
}

// waits is the error of what isn't committed yet: as far as the one that got least
// far.
func (c *Conversation) waits(cause error) error {
	if errors.Is(cause, context.DeadlineExceeded) {
		cause = nil // it is the wait itself that ended
	}
	order := map[string]int{stateSending: 0, wire.StateStored: 1, wire.StateReceived: 2}
	out := &Pending{State: wire.StateReceived, Cause: cause}
	for _, p := range c.state.Outbox {
		if rank, counts := order[p.State]; counts && rank < order[out.State] {
			out.State = p.State
		}
	}
	return out
}
