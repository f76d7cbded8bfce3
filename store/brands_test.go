package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv"
)

func brandNamed(name string) protocol.CID { return protocol.Sum(protocol.DagCBOR, []byte(name)) }

func TestFollowsAreKeptAndTheirNamesAreUnique(t *testing.T) {
	s := newShop(t, "")
	a := store.Follow{Brand: brandNamed("a"), Handle: "tea", Since: 5, Peers: []string{"/ip4/1.2.3.4/tcp/1/p2p/x"}, Domain: "tea.example"}
	b := store.Follow{Brand: brandNamed("b"), Handle: "coffee", Gateways: []string{"https://c.example"}}
	s.check(s.PutFollow(t.Context(), a))
	s.check(s.PutFollow(t.Context(), b))
	for name, taken := range map[string]store.Follow{
		"handle": {Brand: b.Brand, Handle: "tea"}, "domain": {Brand: b.Brand, Domain: "tea.example"},
		"handle of a new brand": {Brand: brandNamed("new"), Handle: "tea"},
	} {
		if err := s.PutFollow(t.Context(), taken); !errors.Is(err, store.ErrTaken) {
			t.Errorf("%s of another: %v", name, err)
		}
	}
	if got, err := s.Follow(t.Context(), b.Brand); err != nil || fmt.Sprint(got) != fmt.Sprint(b) {
		t.Errorf("a refused change was made: %+v, %v", got, err)
	}
	if slices.Contains(s.Brands(), brandNamed("new")) {
		t.Error("room was made for a brand whose handle was refused")
	}
	a.Handle, a.Domain = "leaves", ""
	s.check(s.PutFollow(t.Context(), a))
	b.Handle, b.Domain = "tea", "tea.example"
	s.check(s.PutFollow(t.Context(), b))
	list, err := s.Follows(t.Context())
	s.check(err)
	want := []store.Follow{a, b}
	slices.SortFunc(want, func(a, b store.Follow) int { return slices.Compare(a.Brand.Bytes(), b.Brand.Bytes()) })
	if fmt.Sprint(list) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", list, want)
	}
	if _, err := s.Follow(t.Context(), s.brand); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a brand that isn't followed: %v", err)
	}
}

func TestAFollowOutOfBoundsIsRefused(t *testing.T) {
	s := newShop(t, "")
	for name, f := range map[string]store.Follow{
		"no brand":      {},
		"handle":        {Handle: "Tea"},
		"long handle":   {Handle: fmt.Sprintf("%041d", 1)},
		"peers":         {Peers: make([]string, 9)},
		"gateways":      {Gateways: make([]string, 5)},
		"domain":        {Domain: "tea"},
		"long gateway":  {Gateways: []string{fmt.Sprintf("https://%0500d", 1)}},
		"empty address": {Handle: "tea/x"},
	} {
		if name != "no brand" {
			f.Brand = brandNamed(name)
		}
		if err := s.PutFollow(t.Context(), f); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStandingIsReadModifiedAndWritten(t *testing.T) {
	s := stocked(t, 1)
	ctx := t.Context()
	if st, err := s.Standing(ctx, brandNamed("nobody")); err != nil || st.Highest != nil {
		t.Errorf("of an unknown brand: %+v, %v", st, err)
	}
	raw, err := s.last.Encode()
	s.check(err)
	st, err := s.Standing(ctx, s.brand)
	if err != nil || string(st.Highest) != string(raw) {
		t.Fatalf("after publishing: %+v, %v", st, err)
	}
	for i, durable := range []bool{true, false} {
		s.check(s.UpdateStanding(ctx, s.brand, durable, func(st *store.Standing) error {
			st.Announced, st.Heard = true, st.Heard+1
			return nil
		}))
		if st, err := s.Standing(ctx, s.brand); err != nil || !st.Announced || st.Heard != protocol.Millis(i+1) {
			t.Errorf("after update %d: %+v, %v", i, st, err)
		}
	}
	s.publish(collection(t, "more", nil))
	if st, err := s.Standing(ctx, s.brand); err != nil || st.Announced || st.Heard != 2 || string(st.Highest) == string(raw) {
		t.Errorf("what was said of the head before counts for the new one: %+v, %v", st, err)
	}
	mine := errors.New("mine")
	if err := s.UpdateStanding(ctx, s.brand, true, func(*store.Standing) error { return mine }); !errors.Is(err, mine) {
		t.Errorf("got %v", err)
	}
	if err := s.UpdateStanding(ctx, s.brand, true, func(st *store.Standing) error { st.Highest = []byte("x"); return nil }); !errors.Is(err, protocol.ErrInvalid) {
		t.Errorf("a highest head of garbage: %v", err)
	}
	if err := s.UpdateStanding(ctx, brandNamed("nobody"), true, func(*store.Standing) error { return nil }); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("of an unknown brand: %v", err)
	}
}

func TestApplyingALowerHeadLeavesTheHighest(t *testing.T) {
	s := stocked(t, 1)
	h := s.last.Head
	h.Seq, h.Time = h.Seq+1000, h.Time+1000
	higher, err := catalog.SignHead(h, s.key)
	s.check(err)
	raw, err := higher.Encode()
	s.check(err)
	s.check(s.UpdateStanding(t.Context(), s.brand, true, func(st *store.Standing) error {
		st.Highest, st.Rival, st.Announced = raw, raw, true
		return nil
	}))
	s.publish(collection(t, "more", nil))
	st, err := s.Standing(t.Context(), s.brand)
	if err != nil || string(st.Highest) != string(raw) || string(st.Rival) != string(raw) || !st.Announced {
		t.Errorf("got %+v, %v", st, err)
	}
}

func TestARemovedBrandIsForgottenAndItsNumberNotReused(t *testing.T) {
	s := stocked(t, 900)
	m := fetched(t, s)
	ctx := t.Context()
	m.check(m.PutFollow(ctx, store.Follow{Brand: s.brand, Handle: "tea"}))
	st := m.stage()
	m.check(st.Add([]store.Change{collection(t, "more", nil)}))
	m.check(st.Flush())
	soon, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	if err := m.RemoveBrand(soon, s.brand); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("removed under an open stage: %v", err)
	}
	m.check(st.Close())
	before := m.numbers()
	m.check(m.RemoveBrand(ctx, s.brand))
	m.check(m.RemoveBrand(ctx, s.brand))
	m.forgotten()
	m.reopen() // as after a kill: nothing was swept yet
	m.forgotten()
	m.check(m.PutFollow(ctx, store.Follow{Brand: brandNamed("other"), Handle: "tea"}))
	for _, no := range m.numbers() {
		if slices.Contains(before, no) {
			t.Error("the number of a removed brand was given again")
		}
	}
	m.sweepUntil("z/", 0)
	for _, table := range []string{"i/", "l/", "t/", "x/", "y/", "d/", "e/", "h/", "a/"} {
		if n := m.rows(table); n != 0 {
			t.Errorf("%d rows of %s remain", n, table)
		}
	}
	m.refetch()
}

// numbers are those of the brands that the store has room for.
func (m *mirror) numbers() (list []string) {
	m.t.Helper()
	m.check(m.engine.View(m.t.Context(), func(r kv.Reader) error {
		list = nil
		for item, err := range r.Scan(kv.Prefix([]byte("b/")), kv.ScanOptions{}) {
			if err != nil {
				return err
			}
			list = append(list, string(item.Value))
		}
		return nil
	}))
	return list
}

func (m *mirror) forgotten() {
	m.t.Helper()
	ctx, id := m.t.Context(), m.of.brand
	_, err := m.Identity(ctx, id)
	_, err2 := m.Follow(ctx, id)
	err3 := m.View(ctx, id, func(*store.View) error { return nil })
	_, err4 := m.Prepare(ctx, id, each(nil))
	_, err5 := m.Stage(ctx, id)
	for i, err := range []error{err, err2, err3, err4, err5} {
		if !errors.Is(err, store.ErrNotFound) {
			m.t.Errorf("%d: got %v", i, err)
		}
	}
	if st := m.standing(); st.Highest != nil {
		m.t.Error("the highest head is still known")
	}
}

// refetch fetches the brand again, from nothing.
func (m *mirror) refetch() {
	m.t.Helper()
	again := newMirror(m.t, m.of, m.engine)
	st := again.stage()
	if !st.Empty() {
		m.t.Error("what was staged before the removal is there")
	}
	m.check(st.Add(all(m.t, m.of.Store, m.of.brand)))
	again.finish(st)
}

func (m *mirror) rows(prefix string) int { return (&shop{t: m.t, engine: m.engine}).rows(prefix) }

// sweepUntil lets the store's upkeep run until a table has so many rows.
func (m *mirror) sweepUntil(table string, rows int) {
	m.t.Helper()
	ctx, cancel := context.WithCancel(m.t.Context())
	done := make(chan error)
	go func() { done <- m.Run(ctx) }()
	for m.rows(table) > rows {
		time.Sleep(time.Millisecond)
	}
	cancel()
	m.check(<-done)
}
