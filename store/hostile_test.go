package store_test

import (
	"fmt"
	"testing"

	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv/memkv"
)

// TestAHostileNumberOfRulesListsAsManyAsAreFollowed publishes more rule
// collections than are followed, all of which select the one product.
func TestAHostileNumberOfRulesListsAsManyAsAreFollowed(t *testing.T) {
	s := newShop(t, "")
	all := &catalog.Rule{Match: "any", Conditions: []catalog.Condition{{Field: "price", Op: "less", Value: "9"}}}
	changes := product(t, "sencha", "Sencha", nil, 1, 5)
	for i := range 5000 {
		changes = append(changes, collection(t, fmt.Sprintf("c%04d", i), all))
	}
	s.publish(changes...)
	m := fetched(t, s)
	m.expectRows("rule/", 1024)
	m.expectRows("in/", 128)
	next := product(t, "sencha", "Sencha", nil, 2, 6)
	s.publish(next...)
	st := m.stage()
	m.check(st.Add(next))
	m.finish(st)
	m.expectRows("in/", 128)
	m.check(st.Close())
	gone := []store.Change{{Path: "collection/c0000"}}
	s.publish(gone...)
	st = m.stage()
	m.check(st.Add(gone))
	m.finish(st)
	m.expectRows("in/", 128)
}

// expectRows counts the rows of the index of the only brand's live catalog.
func (m *mirror) expectRows(suffix string, want int) {
	m.t.Helper()
	m.sweepUntil("g/", 1)
	m.check(m.View(m.t.Context(), m.of.brand, func(v *store.View) error {
		rows, err := v.IndexRows(suffix)
		if len(rows) != want {
			m.t.Errorf("%d rows %s, want %d", len(rows), suffix, want)
		}
		return err
	}))
}

// TestAListOfLargeRecordsEndsEarly publishes more pages than a list reads.
func TestAListOfLargeRecordsEndsEarly(t *testing.T) {
	s := newShopOn(t, memkv.New())
	var changes []store.Change
	for i := range 700 {
		changes = append(changes, page(t, fmt.Sprint("p", i), 49_900))
	}
	s.publish(changes...)
	s.view(func(v *store.View) {
		pages, err := v.Pages()
		if err != nil || len(pages) < 600 || len(pages) == 700 {
			t.Errorf("%d pages are listed, %v", len(pages), err)
		}
	})
}
