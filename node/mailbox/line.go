package mailbox

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

// line is a relay's end of the stream to a connected brand.
type line struct {
	r      *Relay
	brand  protocol.CID
	pipe   *pipe
	ctx    context.Context
	cancel context.CancelFunc
	more   chan struct{} // there may be new items, or room for them

	mu    sync.Mutex
	ahead map[uint64]sent // by place: not acknowledged yet
	bytes int             // of them
	finds map[uint64]*finding
	asked uint64
	full  map[protocol.CID]bool // boxes that had no room for the brand
	roomy []protocol.CID        // of those, that have room again
}

// sent is an item that the brand has and hasn't acknowledged.
type sent struct {
	thread protocol.CID
	n      uint64
	id     protocol.CID
	what   wire.MailWhat
	size   int
}

// finding is a question which threads there are.
type finding struct {
	identities [][32]byte
	done       chan struct{}
}

func newLine(ctx context.Context, cancel context.CancelFunc, r *Relay, brand protocol.CID, p *pipe) *line {
	return &line{
		r: r, brand: brand, pipe: p, ctx: ctx, cancel: cancel, more: make(chan struct{}, 1),
		ahead: map[uint64]sent{}, finds: map[uint64]*finding{},
		full: map[protocol.CID]bool{},
	}
}

// run sends and reads at the same time and returns why the stream ended.
func (l *line) run() error {
	sent := make(chan error, 1)
	go func() {
		err := l.send()
		l.cancel()
		sent <- err
	}()
	err := l.hear()
	l.cancel()
	return errors.Join(err, <-sent)
}

// sentAtOnce is how many items are read from the store at a time.
const sentAtOnce = 16

// send streams what waits for the brand, in the order in which it came, from the first
// that it hasn't acknowledged.
func (l *line) send() error {
	beat := time.NewTicker(beatTime / 2)
	defer beat.Stop()
	after := uint64(0)
	for {
		if err := l.tellRoom(); err != nil {
			return err
		}
		last, err := l.some(after)
		if err != nil {
			return err
		}
		if last > after {
			after = last
			continue
		}
		select {
		case <-l.ctx.Done():
			return nil
		case <-l.more:
		case <-beat.C:
			if err := l.pipe.beat(); err != nil {
				return err
			}
		}
	}
}

// some sends the next items as far as the brand has room, and returns the place of the
// last.
func (l *line) some(after uint64) (last uint64, err error) {
	if !l.room(0) {
		return after, nil
	}
	var items []*store.BoxItem
	err = l.r.Store.ReadBoxes(l.ctx, func(v *store.BoxView) (err error) {
		items, err = v.Queue(l.brand, after, sentAtOnce)
		return err
	})
	if err != nil {
		return after, fmt.Errorf("read mail of %s: %w", l.brand, err)
	}
	for _, i := range items {
		if len(i.Bytes)+1024 > l.pipe.max { // a file, which waits for a direct connection
			after = i.Turn
			continue
		}
		if !l.room(len(i.Bytes)) {
			break
		}
		if err := l.one(i); err != nil {
			return after, err
		}
		after = i.Turn
	}
	return after, nil
}

// room reports whether so many bytes more may be under way.
func (l *line) room(size int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.ahead) == 0 || len(l.ahead) < wire.MaxMailAhead && l.bytes+size <= aheadBytes
}

func (l *line) one(i *store.BoxItem) error {
	s := sent{i.Thread, i.N, i.ID, wire.MailWhat(i.Kind), len(i.Bytes)}
	l.mu.Lock()
	l.ahead[i.Turn] = s
	l.bytes += s.size
	l.mu.Unlock()
	return l.pipe.write(&wire.MailItem{Place: i.Turn, Thread: i.Thread, N: i.N, What: s.what, Bytes: i.Bytes, Time: i.Time})
}

// hear reads what the brand writes. What has come at the same time is made durable
// together.
func (l *line) hear() error {
	for {
		f, size, err := l.pipe.read(silence, wire.DecodeMailOfBrand)
		if err != nil {
			return err
		}
		step := []wire.MailFrame{f}
		for l.pipe.waits() && len(step) < heardAtOnce && size < heardBytes {
			f, n, err := l.pipe.read(silence, wire.DecodeMailOfBrand)
			if err != nil {
				return err
			}
			step, size = append(step, f), size+n
		}
		if err := l.act(step); err != nil {
			return err
		}
	}
}

// heardAtOnce is how many frames of a brand are acted on at a time, and heardBytes
// after how many bytes no further one is.
const heardAtOnce, heardBytes = 32, 256 << 10

// size is what frames write, about: what was put, and files that are kept.
func (l *line) size(step []wire.MailFrame) (sum int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range step {
		switch f := f.(type) {
		case *wire.MailPut:
			sum += len(f.Bytes)
		case *wire.MailAck:
			for _, i := range f.Items {
				if s := l.ahead[i.Place]; s.what == wire.MailBlob {
					sum += s.size
				}
			}
		}
	}
	return sum
}

// act does what frames say, in their order, and answers when that is durable.
func (l *line) act(step []wire.MailFrame) error {
	if err := l.check(step); err != nil {
		return err
	}
	var t *turn
	err := l.r.change(l.ctx, l.size(step), func(tx *store.BoxTxn) error {
		t = &turn{l: l, tx: tx}
		for _, f := range step {
			if err := t.frame(f); err != nil {
				return err
			}
		}
		return nil
	}, func() { t.settle() })
	if err != nil {
		return err
	}
	for _, f := range step {
		if found, is := f.(*wire.MailFound); is {
			if err := l.found(found); err != nil {
				return err
			}
		}
	}
	for _, done := range t.answers {
		if err := l.pipe.write(done); err != nil {
			return err
		}
	}
	return l.wereFull(t.full)
}
