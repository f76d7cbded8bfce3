package memkv

import (
	"context"
	"fmt"
	"sync"

	"github.com/stoa-commerce/stoa/store/kv"
)

// Sizes of one transaction, near the least that an engine may have, so that code
// which relies on more fails early.
const (
	maxWrites = 20_000
	maxBytes  = 4 << 20
)

// Engine is a kv.Engine in memory.
type Engine struct {
	gate      *kv.Gate
	contended sync.Mutex // held by an update that met many conflicts

	mu      sync.Mutex
	root    *tree
	durable *tree // what a power loss leaves
	version uint64
	snaps   map[*snapshot]struct{}
}

// New returns an empty engine.
func New() *Engine { return open(nil, 0) }

func open(root *tree, version uint64) *Engine {
	return &Engine{gate: kv.NewGate(), root: root, durable: root, version: version, snaps: map[*snapshot]struct{}{}}
}

// Reopen closes the engine and returns a new one with what it held: a process
// that was killed and started again.
func (e *Engine) Reopen() *Engine {
	e.Close()
	return open(e.root, e.version)
}

// PowerLoss closes the engine and returns a new one with what was durable: all
// relaxed updates since the last durable one are lost.
func (e *Engine) PowerLoss() *Engine {
	e.Close()
	return open(e.durable, e.version)
}

// enter lets a call in unless ctx or the engine has ended. Whoever was let in
// leaves the gate.
func (e *Engine) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !e.gate.Enter() {
		return kv.ErrClosed
	}
	return nil
}

func (e *Engine) now() *tree {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.root
}

// View implements kv.Engine.
func (e *Engine) View(ctx context.Context, fn func(kv.Reader) error) error {
	if err := e.enter(ctx); err != nil {
		return fmt.Errorf("view: %w", err)
	}
	defer e.gate.Leave()
	return fn(&reader{ctx: ctx, gate: e.gate, root: e.now()})
}

// Snapshot implements kv.Engine.
func (e *Engine) Snapshot() (kv.Snapshot, error) {
	ctx := context.Background()
	if err := e.enter(ctx); err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	defer e.gate.Leave()
	own := kv.NewGate()
	s := &snapshot{reader{ctx: ctx, gate: own, root: e.now()}, e}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.snaps[s] = struct{}{}
	return s, nil
}

// Sync implements kv.Engine.
func (e *Engine) Sync(ctx context.Context) error {
	if err := e.enter(ctx); err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	defer e.gate.Leave()
	e.makeDurable()
	return nil
}

func (e *Engine) makeDurable() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.durable = e.root
}

// Verify implements kv.Engine: memory is taken to be sound.
func (e *Engine) Verify(ctx context.Context) error {
	if err := e.enter(ctx); err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	e.gate.Leave()
	return nil
}

// Limits implements kv.Engine.
func (e *Engine) Limits() kv.Limits {
	return kv.Limits{Txn: kv.Size{Writes: maxWrites, Bytes: maxBytes}}
}

// Run implements kv.Engine: there is no upkeep.
func (e *Engine) Run(ctx context.Context) error {
	select {
	case <-ctx.Done():
	case <-e.gate.Shut():
	}
	return nil
}

// Close implements kv.Engine.
func (e *Engine) Close() error {
	e.gate.Close()
	e.mu.Lock()
	snaps := e.snaps
	e.snaps = map[*snapshot]struct{}{}
	e.mu.Unlock()
	for s := range snaps {
		s.gate.Close()
	}
	return nil
}
