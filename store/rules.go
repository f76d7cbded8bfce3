package store

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store/kv"
)

// Bounds of what collections that select by rule cost a node that mirrors them.
// Of those beyond the first two the members are not listed; of a product's
// collections beyond the third neither. The first in the order of handles count.
const (
	maxRules      = 1024 // collections
	maxConditions = 2048 // of all their rules
	maxSelecting  = 128  // collections that list one product
)

// namedRule is a collection that selects by rule.
type namedRule struct {
	handle protocol.Handle
	*catalog.Rule
}

// rules are the collections whose rules are followed, by handle.
type rules []namedRule

func (rs rules) find(h protocol.Handle) (int, bool) {
	return slices.BinarySearchFunc(rs, h, func(r namedRule, h protocol.Handle) int {
		return strings.Compare(string(r.handle), string(h))
	})
}

func (rs rules) has(h protocol.Handle) bool {
	_, ok := rs.find(h)
	return ok
}

// set notes the rule that a collection selects by; nil is none.
func (rs *rules) set(h protocol.Handle, rule *catalog.Rule) {
	i, ok := rs.find(h)
	switch {
	case rule == nil && ok:
		*rs = slices.Delete(*rs, i, i+1)
	case rule != nil && ok:
		(*rs)[i].Rule = rule
	case rule != nil:
		*rs = slices.Insert(*rs, i, namedRule{h, rule})
	}
	if len(*rs) > 4*maxRules {
		*rs = rs.bounded()
	}
}

// bounded returns the first rules, as many as are followed.
func (rs rules) bounded() rules {
	conditions := 0
	for i, r := range rs {
		if conditions += len(r.Conditions); i == maxRules || conditions > maxConditions {
			return rs[:i:i]
		}
	}
	return rs
}

// selecting returns the collections that list the product.
func (rs rules) selecting(c Card) (handles []protocol.Handle) {
	for _, r := range rs {
		if len(handles) == maxSelecting {
			break
		}
		if matches(r.Rule, c) {
			handles = append(handles, r.handle)
		}
	}
	return handles
}

// readRules returns the rules that a realm follows.
func readRules(r kv.Reader, at realm) (rs rules, err error) {
	base := keyIndex(at, suffixRule)
	for item, err := range r.Scan(kv.Prefix(base), kv.ScanOptions{Limit: maxRules + 1}) {
		if err != nil {
			return nil, err
		}
		rule := new(catalog.Rule)
		if err := protocol.Unmarshal(item.Value, rule); err != nil {
			return nil, errors.Join(err, kv.ErrCorrupt)
		}
		rs = append(rs, namedRule{protocol.Handle(item.Key[len(base):]), rule})
	}
	return rs.bounded(), nil
}

// followRules returns the rules that came with fetched leaves, and removes those
// that are not followed.
func (s *Store) followRules(ctx context.Context, at realm) (rs rules, err error) {
	err = s.kv.View(ctx, func(r kv.Reader) error {
		rs, err = readRules(r, at)
		return err
	})
	if err != nil || len(rs) == 0 {
		return rs, err
	}
	last := keyIndex(at, suffixRule+string(rs[len(rs)-1].handle))
	_, err = kv.DeleteRange(ctx, s.kv, kv.Prefix(keyIndex(at, suffixRule)).After(last))
	return rs, err
}
