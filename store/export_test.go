package store

import "github.com/stoa-commerce/stoa/protocol"

// IndexRows returns the suffixes of the index rows of a table.
func (v *View) IndexRows(table string) (rows []string, err error) {
	all := v.index()
	if tableOf([]byte(table)) < 0 {
		for row, err := range all.changed(table, "") {
			if err != nil {
				return nil, err
			}
			rows = append(rows, string(row.suffix))
		}
		return rows, nil
	}
	for row, err := range all.scan(table, "") {
		if err != nil {
			return nil, err
		}
		rows = append(rows, string(row))
	}
	return rows, nil
}

// KeysOf returns the numbers of the keys of a thread.
func (d *DeskView) KeysOf(thread protocol.CID) (conversation, fiscal uint32, err error) {
	h, err := d.head(thread)
	return uint32(h.no), h.fiscal, err
}

// OnErasure calls fn at every step of an erasure.
func (s *Store) OnErasure(fn func(step string)) { s.onErasure = fn }

// Key returns the content of a key.
func (s *Store) Key(slot uint32) ([32]byte, error) { return s.vault.Slot(slot) }
