package blob

import (
	"context"
	"sync"
)

// flights lets one caller do what several ask for. The others wait for it, each as
// long as its own context allows; when the one gives up, the next takes over.
type flights struct {
	mu sync.Mutex
	by map[string]chan struct{}
}

// lead makes the caller the one who does the work of that name, and gives what it
// must call in the end; otherwise lead waits for whoever does and returns nil.
func (f *flights) lead(ctx context.Context, name string) (done func(), err error) {
	f.mu.Lock()
	running, ok := f.by[name]
	if !ok {
		defer f.mu.Unlock()
		return f.start(name), nil
	}
	f.mu.Unlock()
	select {
	case <-running:
		return nil, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (f *flights) start(name string) (done func()) {
	if f.by == nil {
		f.by = map[string]chan struct{}{}
	}
	running := make(chan struct{})
	f.by[name] = running
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.by, name)
		close(running)
	}
}
