package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv"
)

var _ wire.Own = (*store.Stage)(nil)

// mirror is a store that follows a shop.
type mirror struct {
	t      *testing.T
	engine kv.Engine
	*store.Store
	of *shop
}

func newMirror(t *testing.T, of *shop, engine kv.Engine) *mirror {
	t.Helper()
	m := &mirror{t: t, engine: engine, of: of}
	m.reopen()
	var ops [][]byte
	log, err := of.Identity(t.Context(), of.brand)
	m.check(err)
	for _, signed := range log.Signed() {
		raw, err := signed.Encode()
		m.check(err)
		ops = append(ops, raw)
	}
	_, err = m.PutIdentity(t.Context(), of.brand, ops...)
	m.check(err)
	return m
}

func (m *mirror) reopen() {
	m.t.Helper()
	s, err := store.Open(m.t.Context(), m.engine)
	m.check(err)
	m.Store = s
}

func (m *mirror) check(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *mirror) stage() *store.Stage {
	m.t.Helper()
	st, err := m.Stage(m.t.Context(), m.of.brand)
	m.check(err)
	m.t.Cleanup(func() { st.Close() })
	return st
}

// all returns the records of a catalog, in key order.
func all(t *testing.T, s *store.Store, brand protocol.CID) (list []store.Change) {
	t.Helper()
	err := s.View(t.Context(), brand, func(v *store.View) error {
		for c, err := range v.Segment(nil, "") {
			if err != nil {
				return err
			}
			list = append(list, c)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// finish prepares the stage, holds it against the shop's head and applies it.
func (m *mirror) finish(st *store.Stage) {
	m.t.Helper()
	p, err := st.Prepare(m.t.Context())
	m.check(err)
	m.apply(p)
}

func (m *mirror) apply(p *store.Prepared) {
	m.t.Helper()
	head := m.of.last
	if p.Root != head.Root || p.Count != head.Count || p.Bytes != head.Bytes {
		m.t.Fatalf("prepared %s, %d records, %d bytes; the head has %s, %d, %d", p.Root, p.Count, p.Bytes, head.Root, head.Count, head.Bytes)
	}
	raw, err := head.Encode()
	m.check(err)
	m.check(m.Apply(m.t.Context(), p, raw))
	m.agrees()
}

// agrees compares the mirror's catalog and lists with the shop's.
func (m *mirror) agrees() {
	m.t.Helper()
	if got, want := all(m.t, m.Store, m.of.brand), all(m.t, m.of.Store, m.of.brand); !slices.EqualFunc(got, want, sameChange) {
		m.t.Fatalf("the mirror has %d records, the shop %d, or others", len(got), len(want))
	}
	if got, want := lists(m.t, m.Store, m.of.brand), lists(m.t, m.of.Store, m.of.brand); got != want {
		m.t.Fatalf("the mirror lists\n%s\nthe shop lists\n%s", got, want)
	}
}

func sameChange(a, b store.Change) bool {
	return a.Path == b.Path && string(a.Record) == string(b.Record)
}

// lists is what the index of a catalog says.
func lists(t *testing.T, s *store.Store, brand protocol.CID) string {
	t.Helper()
	out := ""
	err := s.View(t.Context(), brand, func(v *store.View) error {
		l, err := v.Products(0, 100_000)
		if err != nil {
			return err
		}
		out = fmt.Sprint(l.Total, handles(l))
		collections, err := v.Collections()
		for _, c := range collections {
			l, err := v.CollectionCards(c.Handle, 0, 100_000)
			if err != nil {
				return err
			}
			out += fmt.Sprint("; ", c.Handle, l.Total, handles(l))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// stocked is a shop with products, of which some are in a collection by rule.
func stocked(t *testing.T, products int) *shop {
	t.Helper()
	s := newShop(t, "")
	cheap := &catalog.Rule{Match: "any", Conditions: []catalog.Condition{{Field: "price", Op: "less", Value: "5"}}}
	changes := []store.Change{collection(t, "cheap", cheap), collection(t, "best", nil, "p1", "p2")}
	for i := range products {
		changes = append(changes, product(t, fmt.Sprint("p", i), fmt.Sprint("Tea ", i), nil, protocol.Millis(i+1), int64(i%1000), 700)...)
	}
	s.publish(changes...)
	return s
}

func TestAFirstFetchSurvivesReopeningAndReachesTheHead(t *testing.T) {
	for _, products := range []int{3, 900} {
		t.Run(fmt.Sprint(products), func(t *testing.T) {
			s := stocked(t, products)
			m := newMirror(t, s, memory(t))
			records := all(t, s.Store, s.brand)
			st := m.stage()
			for i, part := range slices.Collect(slices.Chunk(records, 200)) {
				m.check(st.Add(part))
				if i%3 != 1 {
					continue
				}
				m.check(st.Flush())
				m.check(st.Close())
				m.reopen()
				st = m.stage()
				leaves, err := st.Leaves(nil)
				if err != nil || len(leaves) != min((i+1)*200, len(records)) {
					t.Fatalf("%d leaves came back of %d, %v", len(leaves), (i+1)*200, err)
				}
			}
			m.finish(st)
			if !st.Empty() {
				t.Error("the stage is not empty after what it held was applied")
			}
			if got := m.standing(); string(got.Highest) != string(m.raw()) {
				t.Error("the applied head is not the highest known")
			}
		})
	}
}

func (m *mirror) raw() []byte {
	raw, err := m.of.last.Encode()
	m.check(err)
	return raw
}

func (m *mirror) standing() store.Standing {
	m.t.Helper()
	st, err := m.Standing(m.t.Context(), m.of.brand)
	m.check(err)
	return st
}

// fetched is a mirror that has the shop's catalog.
func fetched(t *testing.T, s *shop) *mirror {
	t.Helper()
	m := newMirror(t, s, memory(t))
	st := m.stage()
	m.check(st.Add(all(t, s.Store, s.brand)))
	m.finish(st)
	m.check(st.Close())
	return m
}

func TestAStageLiesOverTheLiveCatalog(t *testing.T) {
	s := stocked(t, 900)
	m := fetched(t, s)
	for _, size := range []int{5, 700} {
		var changes []store.Change
		for i := range size {
			changes = append(changes, product(t, fmt.Sprint("q", i), "New", nil, 5, int64(i))...)
			for _, c := range product(t, fmt.Sprint("p", i), "Gone", nil, 1, 1, 1) {
				changes = append(changes, store.Change{Path: c.Path})
			}
		}
		s.publish(changes...)
		st := m.stage()
		m.check(st.Add(changes[:len(changes)/2]))
		m.check(st.Flush())
		m.check(st.Close())
		m.reopen()
		st = m.stage()
		m.check(st.Add(changes[len(changes)/2:]))
		m.check(st.Flush())
		m.sameTrie(st)
		p, err := st.Prepare(t.Context())
		m.check(err)
		p.Discard()
		m.finish(st)
		m.check(st.Close())
	}
}

// sameTrie holds what the stage shows against the shop's trie.
func (m *mirror) sameTrie(st *store.Stage) {
	m.t.Helper()
	m.of.view(func(v *store.View) {
		prefixes := []trie.Prefix{nil}
		for i := 0; i < len(prefixes) && i < 400; i++ {
			want, err := v.Digests(prefixes[i])
			m.check(err)
			got, err := st.Children(prefixes[i])
			m.check(err)
			if !slices.Equal(got, want) {
				m.t.Fatalf("children of %q: %v, want %v", prefixes[i], got, want)
			}
			for _, d := range want {
				prefixes = append(prefixes, prefixes[i].Child(d.Index))
			}
		}
		deep := prefixes[len(prefixes)-1]
		want, err := v.Leaves(deep, 1000)
		m.check(err)
		if got, err := st.Leaves(deep); err != nil || !slices.Equal(got, want) {
			m.t.Fatalf("leaves of %q: %v, want %v, %v", deep, got, want, err)
		}
	})
}

func TestAStageIsExclusiveAndRefusesUseAtTheWrongTime(t *testing.T) {
	s := stocked(t, 3)
	m := newMirror(t, s, memory(t))
	st := m.stage()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Stage(ctx, s.brand); !errors.Is(err, context.Canceled) {
		t.Errorf("a second stage: %v", err)
	}
	m.check(st.Add(all(t, s.Store, s.brand)))
	m.check(st.Flush())
	p, err := st.Prepare(t.Context())
	m.check(err)
	if err := st.Add(nil); err == nil {
		t.Error("a prepared stage takes more")
	}
	p.Discard()
	m.check(st.Add([]store.Change{collection(t, "more", nil)}))
	m.check(st.Drop(t.Context()))
	if leaves, err := st.Leaves(nil); err != nil || len(leaves) > 0 || !st.Empty() {
		t.Errorf("after a drop there are %d leaves, %v", len(leaves), err)
	}
	m.check(st.Add(all(t, s.Store, s.brand)))
	m.finish(st)
	m.check(errors.Join(st.Close(), st.Close()))
	if err := st.Flush(); err == nil {
		t.Error("a closed stage flushes")
	}
}

func TestANewStageWaitsForAPreparedChange(t *testing.T) {
	s := stocked(t, 900)
	m := newMirror(t, s, memory(t))
	st := m.stage()
	m.check(st.Add(all(t, s.Store, s.brand)))
	p, err := st.Prepare(t.Context())
	m.check(err)
	m.check(st.Close())
	soon, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := m.Stage(soon, s.brand); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a stage beside a prepared change: %v", err)
	}
	m.apply(p)
	if !m.stage().Empty() {
		t.Error("what was applied is staged again")
	}
}

func TestAPreparedStageThatIsNotApplied(t *testing.T) {
	s := stocked(t, 900)
	m := newMirror(t, s, memory(t))
	st := m.stage()
	records := all(t, s.Store, s.brand)
	m.check(st.Add(records))
	stray := collection(t, "stray", &catalog.Rule{Match: "any", Conditions: []catalog.Condition{{Field: "price", Op: "less", Value: "9"}}})
	m.check(st.Add([]store.Change{stray}))
	p, err := st.Prepare(t.Context())
	m.check(err)
	if p.Root == s.last.Root {
		t.Fatal("a record too many makes no difference")
	}
	if err := m.Apply(t.Context(), p, m.raw()); !errors.Is(err, store.ErrMismatch) {
		t.Fatalf("got %v", err)
	}
	m.check(st.Add([]store.Change{{Path: stray.Path}}))
	m.finish(st)
	m.sweepUntil("g/", 1)
	m.agrees()
}

// indexKeys are those of the index rows with a suffix that begins so, in all
// catalogs.
func (m *mirror) indexKeys(suffix string) (keys [][]byte) {
	m.t.Helper()
	m.check(m.engine.View(m.t.Context(), func(r kv.Reader) error {
		keys = nil
		for item, err := range r.Scan(kv.Prefix([]byte("x/")), kv.ScanOptions{KeysOnly: true}) {
			if err != nil {
				return err
			}
			if strings.HasPrefix(string(item.Key[len("x/")+8:]), suffix) {
				keys = append(keys, slices.Clone(item.Key))
			}
		}
		return nil
	}))
	return keys
}
