package kv

import "sync"

// Gate counts who is inside and lets nobody in once it is shut: what an engine needs to
// close while it is used.
type Gate struct {
	mu     sync.Mutex
	inside int
	empty  *sync.Cond
	shut   chan struct{}
}

// NewGate returns an open gate.
func NewGate() *Gate {
	g := &Gate{shut: make(chan struct{})}
	g.empty = sync.NewCond(&g.mu)
	return g
}

// Enter lets the caller in, unless the gate is shut. Whoever was let in leaves.
func (g *Gate) Enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.IsShut() {
		return false
	}
	g.inside++
	return true
}

// Stay lets one who is inside leave once more: for what goes on when it has left.
func (g *Gate) Stay() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside++
}

// Leave undoes an Enter or a Stay.
func (g *Gate) Leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inside--; g.inside == 0 {
		g.empty.Broadcast()
	}
}

// Shut is closed when the gate is shut.
func (g *Gate) Shut() <-chan struct{} { return g.shut }

// IsShut says whether the gate is shut.
func (g *Gate) IsShut() bool {
	select {
	case <-g.shut:
		return true
	default:
		return false
	}
}

// Close shuts the gate, waits until nobody is inside, and says whether this call was
// the one that shut it.
func (g *Gate) Close() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	first := !g.IsShut()
	if first {
		close(g.shut)
	}
	for g.inside > 0 {
		g.empty.Wait()
	}
	return first
}
