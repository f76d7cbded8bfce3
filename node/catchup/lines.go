package catchup

import (
	"context"
	"sync"

	"github.com/libp2p/go-libp2p/core/peer"
)

// lines bounds the requests that are under way to each peer. Peers with none take
// no room.
type lines struct {
	each int
	mu   *sync.Mutex
	used map[peer.ID]*line
}

type line struct {
	slots chan struct{}
	users int
}

func newLines(each int) lines {
	return lines{each: each, mu: new(sync.Mutex), used: map[peer.ID]*line{}}
}

// take waits for one of the peer's lines; done gives it back.
func (l lines) take(ctx context.Context, p peer.ID) (done func(), err error) {
	line := l.join(p)
	select {
	case line.slots <- struct{}{}:
		return func() { <-line.slots; l.leave(p, line) }, nil
	case <-ctx.Done():
		l.leave(p, line)
		return nil, ctx.Err()
	}
}

func (l lines) join(p peer.ID) *line {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.used[p]
	if at == nil {
		at = &line{slots: make(chan struct{}, l.each)}
		l.used[p] = at
	}
	at.users++
	return at
}

func (l lines) leave(p peer.ID, at *line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at.users--; at.users == 0 {
		delete(l.used, p)
	}
}
