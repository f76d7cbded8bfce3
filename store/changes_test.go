package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"testing"

	"pgregory.net/rapid"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv/memkv"
)

// past is a head that was in force, with what its catalog held.
type past struct {
	head  protocol.CID
	model map[protocol.Path][]byte
}

// TestChangesLeadFromAnyRetainedHeadToThePresentOne edits a catalog at random and
// applies what Changes says to the catalogs that were in force before.
func TestChangesLeadFromAnyRetainedHeadToThePresentOne(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := newShopOn(t, memkv.New())
		var history []past
		for range rapid.IntRange(1, 12).Draw(r, "heads") {
			s.publish(s.edits(r)...)
			history = append(history, past{s.last.CID, maps.Clone(s.model)})
		}
		s.agrees()
		base := history[rapid.IntRange(0, len(history)-1).Draw(r, "base")]
		changes := s.changes(base.head, "")
		s.lead(base.model, changes)
		if len(changes) > 0 {
			n := rapid.IntRange(0, len(changes)-1).Draw(r, "page")
			rest := s.changes(base.head, changes[n].Path)
			if fmt.Sprint(rest) != fmt.Sprint(changes[n+1:]) {
				t.Fatalf("behind %s come %d changes, want %d", changes[n].Path, len(rest), len(changes)-n-1)
			}
		}
	})
}

// edits draws changes of few products, of a collection by rule, or none. Some
// change nothing, and some delete what isn't there.
func (s *shop) edits(r *rapid.T) (changes []store.Change) {
	for range rapid.IntRange(0, 4).Draw(r, "edits") {
		handle := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}).Draw(r, "handle")
		some := product(s.t, handle, "Tea", nil, 1, rapid.Int64Range(1, 3).Draw(r, "price"))
		if rapid.IntRange(0, 3).Draw(r, "kind") == 0 {
			rule := &catalog.Rule{Match: "any", Conditions: []catalog.Condition{{Field: "price", Op: "less", Value: "0.02"}}}
			some = []store.Change{collection(s.t, handle, rule)}
		}
		if rapid.Bool().Draw(r, "delete") {
			for i := range some {
				some[i].Record = nil
			}
		}
		changes = append(changes, some...)
	}
	return changes
}

// changes reads all changes since a head, behind a path.
func (s *shop) changes(base protocol.CID, after protocol.Path) (list []store.Change) {
	s.t.Helper()
	s.view(func(v *store.View) {
		changes, err := v.Changes(base, after)
		s.check(err)
		for c, err := range changes {
			s.check(err)
			list = append(list, c)
		}
	})
	return list
}

// lead applies changes to an old catalog as strictly as a peer does, and expects
// the present one.
func (s *shop) lead(old map[protocol.Path][]byte, changes []store.Change) {
	s.t.Helper()
	old = maps.Clone(old)
	var last trie.Key
	for i, c := range changes {
		key := trie.KeyOf(c.Path)
		if i > 0 && bytes.Compare(last[:], key[:]) >= 0 {
			s.t.Fatalf("%s is out of order", c.Path)
		}
		last = key
		if _, there := old[c.Path]; c.Record == nil && !there {
			s.t.Fatalf("%s is deleted but was not there", c.Path)
		}
		if old[c.Path] = c.Record; c.Record == nil {
			delete(old, c.Path)
		}
	}
	if !maps.EqualFunc(old, s.model, bytes.Equal) {
		s.t.Fatalf("%d changes lead to %d records, want %d, or to others", len(changes), len(old), len(s.model))
	}
}

func TestLargeChangesLeadAcrossFullBuilds(t *testing.T) {
	s := stocked(t, 10)
	before := past{s.last.CID, maps.Clone(s.model)}
	var changes []store.Change
	for i := range 1500 {
		changes = append(changes, product(t, fmt.Sprint("q", i), "New", nil, 5, int64(i))...)
	}
	changes = append(changes, store.Change{Path: "product/p1"}, store.Change{Path: "offer/p1/p1-0"})
	s.publish(changes...)
	s.publish(product(t, "p2", "Other", nil, 1, 1, 2)...)
	s.lead(before.model, s.changes(before.head, ""))
	all := s.changes(before.head, "")
	if rest := s.changes(before.head, all[1000].Path); fmt.Sprint(rest) != fmt.Sprint(all[1001:]) {
		t.Errorf("behind the first 1001 changes there are %d of %d", len(rest), len(all))
	}
}

func TestWhatLeadsFromAnUnknownOrForgottenHeadIsGone(t *testing.T) {
	s := stocked(t, 1)
	first := s.last.CID
	gone := func(base protocol.CID) bool {
		var err error
		s.view(func(v *store.View) { _, err = v.Changes(base, "") })
		return errors.Is(err, store.ErrGone)
	}
	s.pause = protocol.Millis(store.MaxRetainedAge.Milliseconds() / 2)
	s.publish()
	if gone(first) || !gone(brandNamed("no head")) {
		t.Errorf("first head gone: %v; unknown head gone: %v", gone(first), gone(brandNamed("no head")))
	}
	if len(s.changes(first, "")) != 0 || len(s.changes(s.last.CID, "")) != 0 {
		t.Error("signing anew changed records")
	}
	second := s.last.CID
	s.publish()
	third := s.last.CID
	s.publish()
	if !gone(first) || gone(second) || gone(third) {
		t.Errorf("gone are %v %v %v", gone(first), gone(second), gone(third))
	}
}

func TestNoMoreHeadsAreRetainedThanAllowed(t *testing.T) {
	s := newShopOn(t, memkv.New())
	for range store.MaxRetained + 30 {
		s.publish()
	}
	if n := s.rows("d/"); n != store.MaxRetained {
		t.Errorf("%d deltas are retained", n)
	}
}
