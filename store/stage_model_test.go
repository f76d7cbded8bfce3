package store_test

import (
	"bytes"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv/memkv"
)

// fetching is a random walk of a mirror that fetches a shop's catalog while the
// shop goes on and the mirror is killed now and then.
type fetching struct {
	t  *testing.T
	s  *shop
	m  *mirror
	e  *memkv.Engine
	st *store.Stage
	// flushed is what must be there after a kill, added what may be.
	flushed, added map[protocol.Path][]byte
}

// TestAStageSurvivesKillsAndReachesTheHeadOfAStraightBuild walks: whatever came
// before, the difference to the head completes it.
func TestAStageSurvivesKillsAndReachesTheHeadOfAStraightBuild(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		f := &fetching{t: t, s: newShopOn(t, memkv.New()), e: memkv.New()}
		f.s.publish(f.s.edits(r)...)
		f.m = newMirror(t, f.s, f.e)
		f.open()
		r.Repeat(map[string]func(*rapid.T){
			"shop": f.publish, "add": f.add, "flush": f.flush, "kill": f.kill,
			"power loss": f.powerLoss, "kill when prepared": f.killPrepared, "drop": f.drop, "look": f.look, "finish": f.finish, "": func(*rapid.T) {},
		})
		f.finish(r)
		f.st.Close()
	})
}

func (f *fetching) open() {
	var err error
	f.st, err = f.m.Stage(f.t.Context(), f.s.brand)
	f.m.check(err)
	f.settle()
}

// settle takes what is there for what must be.
func (f *fetching) settle() {
	f.flushed = f.content()
	f.added = maps.Clone(f.flushed)
}

// content is what the stage shows, by the CIDs of the records.
func (f *fetching) content() map[protocol.Path][]byte {
	leaves, err := f.st.Leaves(nil)
	f.m.check(err)
	model := map[protocol.Path][]byte{}
	for _, l := range leaves {
		model[l.Path] = l.Record.Bytes()
	}
	return model
}

func (f *fetching) publish(r *rapid.T) { f.s.publish(f.s.edits(r)...) }

// add stages some records: such as the shop has, or had, or never had.
func (f *fetching) add(r *rapid.T) {
	var changes []store.Change
	for _, c := range append(all(f.t, f.s.Store, f.s.brand), f.s.edits(r)...) {
		if rapid.Bool().Draw(r, "fetched") {
			changes = append(changes, c)
		}
	}
	f.addAll(changes)
}

func (f *fetching) addAll(changes []store.Change) {
	f.m.check(f.st.Add(changes))
	for _, c := range changes {
		if c.Record == nil {
			delete(f.added, c.Path)
		} else {
			f.added[c.Path] = protocol.Sum(protocol.DagCBOR, c.Record).Bytes()
		}
	}
}

func (f *fetching) flush(*rapid.T) {
	f.m.check(f.st.Flush())
	f.flushed = maps.Clone(f.added)
	f.shows(f.flushed)
}

func (f *fetching) shows(want map[protocol.Path][]byte) {
	f.t.Helper()
	if got := f.content(); !maps.EqualFunc(got, want, bytes.Equal) {
		f.t.Fatalf("the stage shows %v, want %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
}

func (f *fetching) kill(*rapid.T)      { f.restart(f.e.Reopen()) }
func (f *fetching) powerLoss(*rapid.T) { f.restart(f.e.PowerLoss()) }

// killPrepared restarts when the catalog is built and not yet live.
func (f *fetching) killPrepared(r *rapid.T) {
	f.flush(r)
	_, err := f.st.Prepare(f.t.Context())
	f.m.check(err)
	f.kill(r)
}

// restart goes on with what the engine kept. What was flushed must be there; these
// catalogs are too small for anything else to be.
func (f *fetching) restart(e *memkv.Engine) {
	want := f.flushed
	f.e, f.m.engine = e, e
	f.m.reopen()
	f.open()
	f.shows(want)
}

func (f *fetching) drop(*rapid.T) {
	f.m.check(f.st.Drop(f.t.Context()))
	f.settle()
}

// look holds the digests of the stage against a trie of its leaves.
func (f *fetching) look(r *rapid.T) {
	leaves, err := f.st.Leaves(nil)
	f.m.check(err)
	built, _, err := trie.Build(leaves)
	f.m.check(err)
	prefix := trie.Prefix{}
	for range rapid.IntRange(0, 6).Draw(r, "depth") {
		want, err := trie.Descend(built, prefix)
		f.m.check(err)
		got, err := f.st.Children(prefix)
		f.m.check(err)
		if !slices.Equal(got, want) {
			f.t.Fatalf("children of %q: %v, want %v", prefix, got, want)
		}
		if len(want) == 0 {
			return
		}
		prefix = prefix.Child(rapid.SampledFrom(want).Draw(r, "child").Index)
	}
}

// finish adds what a descent would find, and applies the shop's head.
func (f *fetching) finish(r *rapid.T) {
	f.flush(r)
	have := f.flushed
	var missing []store.Change
	for path, record := range f.s.model {
		if !bytes.Equal(have[path], protocol.Sum(protocol.DagCBOR, record).Bytes()) {
			missing = append(missing, store.Change{Path: path, Record: record})
		}
	}
	for path := range have {
		if _, ok := f.s.model[path]; !ok {
			missing = append(missing, store.Change{Path: path})
		}
	}
	f.addAll(missing)
	if rapid.Bool().Draw(r, "prepare twice") {
		p, err := f.st.Prepare(f.t.Context())
		f.m.check(err)
		p.Discard()
	}
	f.m.finish(f.st)
	f.settle()
}
