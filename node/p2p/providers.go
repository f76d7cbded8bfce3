package p2p

import (
	"context"
	"errors"
	"path"
	"sync"

	ds "github.com/ipfs/go-datastore"
	"github.com/ipfs/go-datastore/query"
)

const (
	// maxProviders bounds what the node remembers for others: "this peer serves that
	// brand".
	maxProviders = 16384
	// maxPerProvider is how much of it one peer may fill.
	maxPerProvider = maxProvided
	// maxProviderEntry is the size of one in bytes, key and value.
	maxProviderEntry = 512
)

var errProvidersFull = errors.New("no room for more provider records")

// providers keeps in memory what the DHT stores for others. Its keys end in
// "/brand key/peer". It is bounded in all, and for each peer, so that nobody fills
// it alone; when it is full, the peer that has most of it makes room.
type providers struct {
	mu     sync.Mutex
	dirs   map[string]map[string][]byte // by directory, by last element
	byPeer map[string]int               // entries, by last element
	count  int
}

func newProviders() *providers {
	return &providers{dirs: map[string]map[string][]byte{}, byPeer: map[string]int{}}
}

func place(key ds.Key) (dir, name string) { return path.Dir(key.String()), path.Base(key.String()) }

// Put implements datastore.Write.
func (s *providers) Put(_ context.Context, key ds.Key, value []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	dir, name := place(key)
	if _, known := s.dirs[dir][name]; !known {
		if len(key.String())+len(value) > maxProviderEntry || s.byPeer[name] >= maxPerProvider {
			return errProvidersFull
		}
		s.makeRoom()
		s.count++
		s.byPeer[name]++
	}
	if s.dirs[dir] == nil {
		s.dirs[dir] = map[string][]byte{}
	}
	s.dirs[dir][name] = append([]byte(nil), value...)
	return nil
}

// makeRoom drops one entry of the peer that has most, if there are too many.
func (s *providers) makeRoom() {
	if s.count < maxProviders {
		return
	}
	most := ""
	for name, n := range s.byPeer {
		if most == "" || n > s.byPeer[most] {
			most = name
		}
	}
	for dir, names := range s.dirs {
		if _, ok := names[most]; ok {
			s.drop(dir, most)
			return
		}
	}
}

func (s *providers) drop(dir, name string) {
	if _, ok := s.dirs[dir][name]; !ok {
		return
	}
	delete(s.dirs[dir], name)
	if len(s.dirs[dir]) == 0 {
		delete(s.dirs, dir)
	}
	if s.byPeer[name]--; s.byPeer[name] <= 0 {
		delete(s.byPeer, name)
	}
	s.count--
}

// Delete implements datastore.Write.
func (s *providers) Delete(_ context.Context, key ds.Key) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(place(key))
	return nil
}

// Get implements datastore.Read.
func (s *providers) Get(_ context.Context, key ds.Key) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	dir, name := place(key)
	value, ok := s.dirs[dir][name]
	if !ok {
		return nil, ds.ErrNotFound
	}
	return append([]byte(nil), value...), nil
}

// Has implements datastore.Read.
func (s *providers) Has(ctx context.Context, key ds.Key) (bool, error) {
	return ds.GetBackedHas(ctx, s, key)
}

// GetSize implements datastore.Read.
func (s *providers) GetSize(ctx context.Context, key ds.Key) (int, error) {
	return ds.GetBackedSize(ctx, s, key)
}

// Query implements datastore.Read. A prefix that is one directory costs no more
// than what is in it.
func (s *providers) Query(_ context.Context, q query.Query) (query.Results, error) {
	s.mu.Lock()
	var all []query.Entry
	if dir := path.Clean("/" + q.Prefix); s.dirs[dir] != nil {
		all = entries(dir, s.dirs[dir])
	} else {
		for dir, names := range s.dirs {
			all = append(all, entries(dir, names)...)
		}
	}
	s.mu.Unlock()
	return query.NaiveQueryApply(q, query.ResultsWithEntries(q, all)), nil
}

func entries(dir string, names map[string][]byte) []query.Entry {
	out := make([]query.Entry, 0, len(names))
	for name, value := range names {
		out = append(out, query.Entry{Key: dir + "/" + name, Value: append([]byte(nil), value...), Size: len(value)})
	}
	return out
}

// Batch implements datastore.Batching.
func (s *providers) Batch(context.Context) (ds.Batch, error) { return ds.NewBasicBatch(s), nil }

// Sync implements datastore.Write.
func (s *providers) Sync(context.Context, ds.Key) error { return nil }

// Close implements io.Closer.
func (s *providers) Close() error { return nil }
