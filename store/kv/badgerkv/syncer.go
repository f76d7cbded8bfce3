package badgerkv

import (
	"sync"
	"sync/atomic"
)

// syncer makes commits durable, many with one round of syncs. It has no
// goroutine of its own: the first to ask for a round leads it.
type syncer struct {
	flush func() error // puts on disk all that is committed when it is called

	pending atomic.Int64 // commits under way
	done    atomic.Int64 // commits that have ended

	turn    sync.Mutex   // held by the leader while it flushes
	covered atomic.Int64 // what done was when the last good flush began

	mu   sync.Mutex
	next *round // the round that has not begun; newcomers join it
}

type round struct {
	over chan struct{}
	err  error
}

// newSyncer starts as not covered: what was there before may need a sync too.
func newSyncer(flush func() error) *syncer {
	s := &syncer{flush: flush}
	s.covered.Store(-1)
	return s
}

// commit runs one commit and takes note of it.
func (s *syncer) commit(do func() error) error {
	s.begin()
	defer s.end()
	return do()
}

func (s *syncer) begin() { s.pending.Add(1) }

func (s *syncer) end() {
	s.done.Add(1) // before pending falls: see clean
	s.pending.Add(-1)
}

// clean says that all commits anyone can have seen are on disk. A visible
// commit is either still pending or counted in done, so pending is read first.
func (s *syncer) clean() bool {
	return s.pending.Load() == 0 && s.done.Load() == s.covered.Load()
}

// wait returns when all commits visible at its call are on disk.
func (s *syncer) wait() error {
	if s.clean() {
		return nil
	}
	r, leads := s.join()
	if leads {
		s.lead(r)
	}
	<-r.over
	return r.err
}

func (s *syncer) join() (r *round, leads bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if leads = s.next == nil; leads {
		s.next = &round{over: make(chan struct{})}
	}
	return s.next, leads
}

// lead waits for the round before, closes the doors and flushes.
func (s *syncer) lead(r *round) {
	s.turn.Lock()
	defer s.turn.Unlock()
	s.mu.Lock()
	s.next = nil
	s.mu.Unlock()
	begun := s.done.Load()
	if r.err = s.flush(); r.err == nil {
		s.covered.Store(begun)
	}
	close(r.over)
}
