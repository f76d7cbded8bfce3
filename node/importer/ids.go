package importer

import (
	"context"
	"fmt"
	"strconv"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
)

// identify gives identifiers to the new variants: the SKU when it can be one and
// is free, else one made of the handle and the option values. Those of other
// variants stay.
func (m *merging) identify(ctx context.Context, shop Shop) error {
	taken := map[protocol.VariantID]bool{}
	if m.was != nil {
		for _, v := range m.was.Variants {
			taken[v.ID] = true
		}
	}
	for i, l := range m.lines {
		owner := store.VariantOwner{Product: m.group.handle, Options: joined(l.options)}
		if l.was < 0 {
			id, err := m.free(ctx, shop, i, owner, taken)
			if err != nil {
				return err
			}
			taken[id] = true
			m.ids[hash(string(id))] = struct{}{}
			m.is.Product.Variants[i].ID, m.is.Variants[i].ID = id, id
		} else if l.row == nil || joined(m.was.Product.Variants[l.was].Options) == owner.Options {
			continue
		}
		m.given = append(m.given, NewVariant{m.is.Variants[i].ID, owner})
	}
	return nil
}

// free returns the first identifier for a variant that no other one has or had.
func (m *merging) free(ctx context.Context, shop Shop, i int, owner store.VariantOwner, taken map[protocol.VariantID]bool) (protocol.VariantID, error) {
	for n := 0; ; n++ {
		id, ok := m.candidate(i, n)
		if _, given := m.ids[hash(string(id))]; !ok || given || taken[id] {
			continue
		}
		have, err := shop.VariantOwner(ctx, id)
		if err != nil {
			return "", fmt.Errorf("look up variant %s: %w", id, err)
		}
		if have == (store.VariantOwner{}) || have == owner {
			return id, nil
		}
	}
}

// candidate returns the n-th identifier to try; ok is false when it can't be one.
func (m *merging) candidate(i, n int) (id protocol.VariantID, ok bool) {
	if n == 0 {
		id, err := protocol.ParseVariantID(m.is.Product.Variants[i].SKU)
		return id, err == nil
	}
	name := string(m.group.handle)
	if len(m.lines) > 1 {
		name += "-" + slug(joined(m.lines[i].options))
	}
	if len(name) > protocol.MaxName {
		name = slug(name)
	}
	if n == 1 {
		return protocol.VariantID(name), true
	}
	suffix := "-" + strconv.Itoa(n)
	return protocol.VariantID(name[:min(len(name), protocol.MaxName-len(suffix))] + suffix), true
}

// hash is 64-bit FNV-1a: it lets a file of any size be remembered in little
// space. Two texts with one hash cost a needless suffix or warning, no more.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
