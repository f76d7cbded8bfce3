package badgerkv

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestWaitersShareRoundsThatBeganAfterThem(t *testing.T) {
	var rounds atomic.Int64
	begun, release := make(chan struct{}), make(chan struct{})
	s := newSyncer(func() error {
		if rounds.Add(1) == 1 {
			close(begun)
			<-release
		}
		return nil
	})
	commit := func() { s.commit(func() error { return nil }) }
	var g sync.WaitGroup
	commit()
	g.Go(func() { s.wait() })
	<-begun
	commit()
	var first *round
	for range 50 {
		r, leads := s.join()
		if first == nil {
			first = r
			g.Go(func() { s.lead(r) })
		} else if leads || r != first {
			t.Error("a waiter got a round of its own")
		}
	}
	close(release)
	g.Wait()
	<-first.over
	if rounds.Load() != 2 || !s.clean() {
		t.Errorf("%d rounds, clean %v", rounds.Load(), s.clean())
	}
	if s.wait(); rounds.Load() != 2 {
		t.Error("synced again with nothing new")
	}
}

func TestCommitUnderWayIsNotClean(t *testing.T) {
	s := newSyncer(func() error { return nil })
	s.wait()
	s.commit(func() error {
		s.wait()
		if s.clean() {
			t.Error("clean while a commit is under way")
		}
		return nil
	})
	if s.clean() {
		t.Error("clean before the commit was covered")
	}
}
