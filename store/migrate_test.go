package store_test

import (
	"encoding/binary"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv"
)

// TestAStoreOfSchema1IsBroughtUpToDate takes from a store what schema 2 added and
// opens it again.
func TestAStoreOfSchema1IsBroughtUpToDate(t *testing.T) {
	s := stocked(t, 3)
	large := page(t, "about", 49_900)
	s.publish(large)
	m := &mirror{t: t, engine: s.engine, Store: s.Store, of: s}
	before := m.numbers()
	m.downgrade()
	m.reopen()
	if st := m.standing(); string(st.Highest) != string(m.raw()) {
		t.Error("the head in force is not the highest known")
	}
	m.check(m.View(t.Context(), s.brand, func(v *store.View) error {
		_, err := v.LargeRecord(protocol.Sum(protocol.DagCBOR, large.Record))
		return err
	}))
	m.check(m.AddBrand(t.Context(), brandNamed("other")))
	if after := m.numbers(); len(after) != 2 || after[0] == after[1] || len(before) != 1 {
		t.Errorf("numbers are %q, before %q", after, before)
	}
	s.Store = m.Store
	s.publish(product(t, "sencha", "Sencha", nil, 1, 900)...)
	s.agrees()
}

func (m *mirror) downgrade() {
	m.t.Helper()
	large := m.indexKeys("large/")
	if len(large) != 1 {
		m.t.Fatalf("%d large records", len(large))
	}
	m.check(m.engine.Update(m.t.Context(), kv.Durable, func(tx kv.Txn) error {
		for _, prefix := range []string{"a/", "d/", "m/brands"} {
			for item, err := range tx.Scan(kv.Prefix([]byte(prefix)), kv.ScanOptions{}) {
				if err != nil {
					return err
				}
				if err := tx.Delete(item.Key); err != nil {
					return err
				}
			}
		}
		if err := tx.Delete(large[0]); err != nil {
			return err
		}
		return tx.Set([]byte("m/schema"), binary.BigEndian.AppendUint64(nil, 1))
	}))
}
