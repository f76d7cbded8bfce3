package api

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"sync"
	"time"

	"github.com/stoa-commerce/stoa/protocol/wire"
)

// ticketTime is how long a ticket waits for its stream, at first and after each
// break of the connection.
const ticketTime = time.Minute

// ticket is a subscription that a browser has shown its right to. It lives as long
// as its stream and ticketTime more: an EventSource connects again by itself, to
// the same address.
type ticket struct {
	name   string
	who    string // the depositor, who is counted
	events <-chan wire.ThreadEvent
	close  context.CancelFunc

	mu    sync.Mutex
	timer *time.Timer        // closes a ticket that no stream uses
	kick  context.CancelFunc // ends the stream that uses it
	ended chan struct{}      // closed when that stream has ended
	sent  uint64             // number of the last event that was written
}

// tickets are the subscriptions that are open.
type tickets struct {
	entry *admission

	mu  sync.Mutex
	all map[string]*ticket
}

func newTickets() *tickets {
	return &tickets{entry: newAdmission(maxStreams, streamCeiling, streamShare), all: map[string]*ticket{}}
}

// open keeps a subscription under a name that can't be guessed.
func (t *tickets) open(who string, events <-chan wire.ThreadEvent, cancel context.CancelFunc) *ticket {
	k := &ticket{name: ticketName(), who: who, events: events}
	k.close = sync.OnceFunc(func() {
		cancel()
		t.mu.Lock()
		delete(t.all, k.name)
		t.mu.Unlock()
		t.entry.leave(who)
	})
	k.timer = time.AfterFunc(ticketTime, k.close)
	t.mu.Lock()
	t.all[k.name] = k
	t.mu.Unlock()
	return k
}

func ticketName() string {
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func (t *tickets) find(name string) *ticket {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.all[name]
}

// closeAll ends every subscription and with it every stream.
func (t *tickets) closeAll() {
	t.mu.Lock()
	open := make([]*ticket, 0, len(t.all))
	for _, k := range t.all {
		open = append(open, k)
	}
	t.mu.Unlock()
	for _, k := range open {
		k.end()
	}
}

// end closes the subscription and the stream that uses it.
func (k *ticket) end() {
	k.close()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.kick != nil {
		k.kick()
	}
}

// use gives the ticket to a stream. One that has it already is a connection that
// broke without a word: it ends first. done gives the ticket back.
func (k *ticket) use(ctx context.Context) (_ context.Context, done func()) {
	ctx, kick := context.WithCancel(ctx)
	ended := make(chan struct{})
	for {
		k.mu.Lock()
		before, kickBefore := k.ended, k.kick
		if before == nil {
			break
		}
		k.mu.Unlock()
		kickBefore()
		<-before
	}
	k.timer.Stop()
	k.kick, k.ended = kick, ended
	k.mu.Unlock()
	return ctx, func() {
		kick()
		k.mu.Lock()
		k.kick, k.ended = nil, nil
		k.timer.Reset(ticketTime)
		k.mu.Unlock()
		close(ended)
	}
}
