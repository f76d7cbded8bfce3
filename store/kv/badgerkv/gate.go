package badgerkv

import (
	"sync"
	"sync/atomic"
)

// gate counts who is inside and lets nobody in once it is shut.
type gate struct {
	mu     sync.Mutex
	inside int
	empty  *sync.Cond
	shut   atomic.Bool
	closed chan struct{} // closed when the gate is shut
}

func newGate() *gate {
	g := &gate{closed: make(chan struct{})}
	g.empty = sync.NewCond(&g.mu)
	return g
}

func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut.Load() {
		return false
	}
	g.inside++
	return true
}

// stay lets one who is inside leave once more: for what goes on when it has left.
func (g *gate) stay() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside++
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inside--; g.inside == 0 {
		g.empty.Broadcast()
	}
}

// close shuts the gate, waits until nobody is inside, and says whether this
// call was the one that shut it.
func (g *gate) close() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	first := !g.shut.Swap(true)
	if first {
		close(g.closed)
	}
	for g.inside > 0 {
		g.empty.Wait()
	}
	return first
}
