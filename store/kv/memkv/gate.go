package memkv

import (
	"sync"
	"sync/atomic"
)

// gate counts who is inside and lets nobody in once it is shut.
type gate struct {
	mu     sync.Mutex
	inside int
	empty  sync.Cond
	shut   atomic.Bool
	closed chan struct{}
}

func newGate() *gate {
	g := &gate{closed: make(chan struct{})}
	g.empty.L = &g.mu
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

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inside--; g.inside == 0 {
		g.empty.Broadcast()
	}
}

// close shuts the gate and waits until nobody is inside.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.shut.Swap(true) {
		close(g.closed)
	}
	for g.inside > 0 {
		g.empty.Wait()
	}
}
