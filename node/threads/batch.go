package threads

import (
	"context"
	"crypto/ed25519"
	"errors"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

// Bounds of a batch. Under load a batch is what came while the one before was brought
// to disk; a single task is committed without waiting for others.
const (
	maxBatch      = 256       // arrivals and drafts
	maxBatchBytes = 512 << 10 // of envelopes; what answers them has as much room again
)

// task is what the committing goroutine works on: a deposit that was opened, or
// something that the brand says.
type task struct {
	deposit *deposit
	saying  *saying
	deed    *deed
}

func (t task) count() int {
	switch {
	case t.deposit != nil:
		return len(t.deposit.arrivals)
	case t.saying != nil:
		return len(t.saying.drafts)
	}
	return 1
}

func (t task) size() int {
	switch {
	case t.deposit != nil:
		return t.deposit.size
	case t.saying != nil:
		return t.saying.size
	}
	return 0
}

func (t task) end(err error) {
	switch {
	case t.deposit != nil:
		t.deposit.end(err)
	case t.saying != nil:
		t.saying.end(nil, err)
	default:
		t.deed.done <- err
	}
}

// commitAll commits what was opened, batch after batch, until ctx ends.
func (d *Desk) commitAll(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case first := <-d.opened:
			d.commit(ctx, d.gather(first))
		}
	}
}

// gather takes what is ready besides the first task, without waiting.
func (d *Desk) gather(first task) []task {
	list, count, size := []task{first}, first.count(), first.size()
	for count < maxBatch && size < maxBatchBytes {
		select {
		case t := <-d.opened:
			list = append(list, t)
			count += t.count()
			size += t.size()
		default:
			return list
		}
	}
	return list
}

// commit commits a batch. When that fails, each half is tried for itself: one thread
// with damaged rows, or a batch that is too large together, holds up nobody else.
func (d *Desk) commit(ctx context.Context, list []task) {
	b := &batch{d: d, ctx: ctx, tasks: list}
	err := d.store.Trade(ctx, b.run)
	switch {
	case err == nil:
		b.finish()
	case len(list) > 1 && ctx.Err() == nil:
		d.commit(ctx, list[:len(list)/2])
		d.commit(ctx, list[len(list)/2:])
	default:
		if ctx.Err() == nil {
			d.log.Error("what came in a thread could not be committed", "error", err)
		}
		list[0].end(err)
	}
}

// batch is one transaction. Everything in it but tasks is made anew when the
// transaction runs again.
type batch struct {
	d     *Desk
	ctx   context.Context
	tasks []task

	tx       *store.TradeTxn
	key      ed25519.PrivateKey
	now      protocol.Millis
	sessions map[protocol.CID]*session
	order    []*session
	verdicts []verdict
	later    map[protocol.CID][]*arrival
	said     map[*saying]outcome
	failed   map[*deposit]error
	done     map[*deed]error
	forgot   protocol.Millis // when the youngest commit was made that was handed back
}

// verdict is what became of an arrival.
type verdict struct {
	a      *arrival
	result wire.EnvelopeResult
}

// run makes the changes of the batch.
func (b *batch) run(tx *store.TradeTxn) error {
	b.tx, b.key, b.now = tx, b.d.key(), b.d.now()
	b.sessions, b.order, b.verdicts, b.forgot = map[protocol.CID]*session{}, nil, nil, 0
	b.later, b.said, b.failed, b.done = map[protocol.CID][]*arrival{}, map[*saying]outcome{}, map[*deposit]error{}, map[*deed]error{}
	for _, t := range b.tasks {
		if err := b.do(t); err != nil {
			return err
		}
	}
	for _, s := range b.order {
		if err := s.catchUp(); err != nil {
			return err
		}
	}
	for _, s := range b.order {
		if err := s.store(); err != nil {
			return err
		}
	}
	return nil
}

// store writes the thread's row, once for all that the batch did.
func (s *session) store() error {
	if !s.touched {
		return nil
	}
	s.t.Secrets = slices.DeleteFunc(s.t.Secrets, func(e store.EpochSecret) bool { return e.Until != 0 && e.Until <= s.b.now })
	if err := s.b.tx.PutThread(s.t); err != nil || !s.erase {
		return err
	}
	return s.b.tx.MarkErased(s.t.ID)
}

func (b *batch) do(t task) error {
	switch {
	case t.saying != nil:
		return b.say(t.saying)
	case t.deed != nil:
		return b.act(t.deed)
	}
	s, err := b.session(t.deposit.thread, t.deposit.begun)
	if exists := (wire.ErrExists{}); errors.As(err, &exists) || errors.Is(err, wire.ErrUnknownThread) {
		b.failed[t.deposit] = err
		return nil
	}
	if err != nil {
		return err
	}
	for _, a := range t.deposit.arrivals {
		if err := s.try(a); err != nil {
			return err
		}
	}
	return nil
}

// session returns the thread of a batch, as what came before in it left it. begun is
// taken when there is no row yet.
func (b *batch) session(id protocol.CID, begun *store.Thread) (*session, error) {
	if s := b.sessions[id]; s != nil {
		return s, nil
	}
	t, fresh, err := b.present(id, begun)
	if err != nil {
		return nil, err
	}
	s := &session{b: b, t: t, fresh: fresh}
	b.sessions[id] = s
	b.order = append(b.order, s)
	return s, nil
}

// present returns a thread as it stands; fresh says that there is no row of it.
func (b *batch) present(id protocol.CID, begun *store.Thread) (t *store.Thread, fresh bool, err error) {
	if m := b.d.recent.get(id); m != nil {
		return clone(m.thread), false, nil
	}
	if t, err = b.tx.Thread(id); !errors.Is(err, store.ErrNotFound) {
		return t, false, err
	}
	t, err = b.beginning(id, begun)
	return t, true, err
}

// beginning returns a thread that isn't stored yet, unless its shopper has another.
func (b *batch) beginning(id protocol.CID, begun *store.Thread) (*store.Thread, error) {
	if begun == nil || begun.Genesis == nil {
		return nil, wire.ErrUnknownThread
	}
	for _, s := range b.order {
		if s.t.Identity == begun.Identity {
			return nil, wire.ErrExists{Thread: s.t.ID}
		}
	}
	other, err := b.tx.ThreadByIdentity(begun.Identity)
	if errors.Is(err, store.ErrNotFound) {
		return clone(begun), nil
	}
	if err == nil && other != id {
		err = wire.ErrExists{Thread: other}
	}
	return nil, err
}

// try judges an arrival, or keeps it for later.
func (s *session) try(a *arrival) error {
	result, err := s.take(a)
	if errors.Is(err, errLater) {
		s.b.later[s.t.ID] = append(s.b.later[s.t.ID], a)
		return nil
	}
	if err == nil {
		s.b.verdicts = append(s.b.verdicts, verdict{a, result})
	}
	return err
}

// catchUp judges what had to wait, as long as that gets anywhere: what came before its
// time in this batch and in those before.
func (s *session) catchUp() error {
	waiting := append(slices.Clone(s.b.d.early.of(s.t.ID)), s.b.later[s.t.ID]...)
	for before := -1; len(waiting) > 0 && len(waiting) != before; {
		before = len(waiting)
		s.b.later[s.t.ID] = nil
		for _, a := range waiting {
			if err := s.try(a); err != nil {
				return err
			}
		}
		waiting = s.b.later[s.t.ID]
	}
	return nil
}

// finish tells everybody who waits or watches, now that the batch is durable.
func (b *batch) finish() {
	for _, s := range b.order {
		b.d.remember(s)
		b.d.early.keep(s.t.ID, b.later[s.t.ID], b.now)
		if s.stirred {
			b.d.asked.note(s.t.ID, s.wanted)
		}
		if s.erase || s.t.Erased || b.d.asksBack(s.t) {
			b.d.early.release(s.t.ID) // the shopper sends it again
		}
		if s.erase {
			b.lastWords(s)
		}
	}
	b.doubt()
	for _, v := range b.verdicts {
		v.a.settle(v.result)
	}
	for dep, err := range b.failed {
		dep.end(err)
	}
	for what, o := range b.said {
		what.end(o.list, o.err)
	}
	for what, err := range b.done {
		what.done <- err
	}
	for _, s := range b.order {
		b.publish(s)
	}
}

// doubt says that more may be forgotten than what came back, once.
func (b *batch) doubt() {
	if b.forgot <= b.d.restored() || b.d.forgot == nil {
		return
	}
	b.d.log.Error("shoppers hold commits of this brand's that are not here: the node came from a backup", "brand", b.d.brand)
	if err := b.d.forgot(b.ctx); err != nil {
		b.d.log.Error("that the node came from a backup could not be noted", "brand", b.d.brand, "error", err)
	}
}

// remember keeps in memory how a thread stands now.
func (d *Desk) remember(s *session) {
	switch {
	case s.erase || s.t.Erased:
		d.recent.forget(s.t.ID)
	case !s.fresh:
		d.recent.put(s.t, s.added)
	default:
		return // nothing was stored of it
	}
	d.half.drop(s.t.ID)
}

// publish tells watchers what was committed in a thread.
func (b *batch) publish(s *session) {
	if len(s.added) > 0 && b.d.hub.watched(s.t.ID) {
		for _, e := range s.added {
			b.d.publish(s.t, e)
		}
	}
	if s.erase {
		if err := b.d.forget(b.ctx, s.t.ID); err != nil {
			b.d.log.Error("a conversation is not forgotten yet: the next start goes on", "thread", s.t.ID, "error", err)
		}
		return
	}
	if len(s.added) > 0 && b.d.stir != nil {
		b.d.stir(s.t.ID)
	}
}

// lastWords seals what was committed last in a thread that goes, for the answers to who
// waits and for relays.
func (b *batch) lastWords(s *session) {
	page := wire.ThreadPage{Next: s.t.Seq}
	var last [][]byte
	for _, e := range s.added {
		sealed, err := b.d.seal(s.t, e)
		if err != nil {
			b.d.log.Warn("the last words in a thread can't be sealed", "thread", s.t.ID, "error", err)
			return
		}
		page.Envelopes = append(page.Envelopes, wire.NumberedEnvelope{N: e.Seq, Bytes: sealed})
		last = append(last, sealed)
	}
	for _, v := range b.verdicts {
		if dep := v.a.deposit; dep.thread == s.t.ID {
			dep.mu.Lock()
			dep.page = &page
			dep.mu.Unlock()
		}
	}
	if b.d.gone == nil {
		return
	}
	if err := b.d.gone(b.ctx, s.t.ID, last); err != nil {
		b.d.log.Warn("relays could not be told that a thread is gone", "thread", s.t.ID, "error", err)
	}
}

// seal seals an entry for the shopper.
func (d *Desk) seal(t *store.Thread, e *store.ThreadEntry) ([]byte, error) {
	return d.sealParcel(t, &thread.EntryParcel{Entry: e.Entry, Commit: e.Commit, Salt: e.Salt, Body: e.Body})
}

func (d *Desk) sealParcel(t *store.Thread, p thread.Parcel) ([]byte, error) {
	secret, ok := secretOf(t, t.Epoch, d.now())
	if !ok {
		return nil, errors.New("the secret of the present epoch isn't there")
	}
	return thread.Envelope{Thread: t.ID, Dir: thread.Down, Epoch: t.Epoch, Salt: d.salt()}.Seal(secret, p)
}

func (d *Desk) publish(t *store.Thread, e *store.ThreadEntry) {
	sealed, err := d.seal(t, e)
	if err != nil {
		d.log.Error("an entry can't be sealed", "thread", t.ID, "seq", e.Seq, "error", err)
		return
	}
	d.hub.tell(wire.ThreadEvent{Thread: t.ID, N: e.Seq, Envelope: sealed})
}
