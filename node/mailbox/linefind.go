package mailbox

import (
	"context"
	"errors"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// find asks the brand which identities have a thread, and returns when there are boxes
// for those.
func (l *line) find(ctx context.Context, identities [][32]byte) error {
	f := &finding{identities, make(chan struct{})}
	l.mu.Lock()
	if len(l.finds) >= maxFinds {
		l.mu.Unlock()
		return wire.ErrBusy
	}
	l.asked++
	id := l.asked
	l.finds[id] = f
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.finds, id)
	}()
	if err := l.pipe.write(&wire.MailFind{ID: id, Identities: identities}); err != nil {
		return err
	}
	select {
	case <-f.done:
		return nil
	case <-l.ctx.Done():
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// maxFinds is how many such questions a brand is asked at a time.
const maxFinds = 8

// found opens boxes for threads that the brand knows. An answer that nobody waits for
// any more is left alone.
func (l *line) found(f *wire.MailFound) error {
	l.mu.Lock()
	finding := l.finds[f.ID]
	delete(l.finds, f.ID)
	l.mu.Unlock()
	if finding == nil {
		return nil
	}
	defer close(finding.done)
	for _, k := range f.Threads {
		err := l.r.attach(l.ctx, l.brand, finding.identities, k)
		if errors.Is(err, protocol.ErrInvalid) {
			return err
		}
		if err != nil {
			l.r.Log.Debug("no box for a thread that the brand knows", "brand", l.brand, "reason", err)
		}
	}
	return nil
}
