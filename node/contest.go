package node

import (
	"context"
	"fmt"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// maxContests is how many contests of one brand are kept as evidence. One head can
// heal the heads of as many; further ones add nothing to what is shown.
const maxContests = catalog.MaxHeals / 2

// contests are those of one brand that no head has ended yet, in the order they were
// met. In each the first head is the one that was seen first (specs/07-head.md §4).
type contests []catalog.Contest

// open returns the contests that the head leaves open.
func (c contests) open(head catalog.SignedHead) contests {
	return slices.DeleteFunc(slices.Clone(c), func(e catalog.Contest) bool { return e.EndedBy(head) })
}

// with returns the contests and one more, if there is room and it is another one.
func (c contests) with(e catalog.Contest) contests {
	same := func(k catalog.Contest) bool { return k.First.Compare(e.First.Head) == 0 }
	if len(c) >= maxContests || slices.ContainsFunc(c, same) {
		return c
	}
	return append(slices.Clone(c), e)
}

// inForce returns the head that stays in force while the contests last: the first
// one of the lowest. There is at least one contest.
func (c contests) inForce() catalog.SignedHead {
	lowest := c[0].First
	for _, e := range c[1:] {
		if e.First.Compare(lowest.Head) < 0 {
			lowest = e.First
		}
	}
	return lowest
}

// allows reports whether a head may take effect in spite of the contests: it ends
// them, or is not above the one that they leave in force.
func (c contests) allows(head catalog.SignedHead) bool {
	if len(c.open(head)) == 0 {
		return true
	}
	kept := c.inForce()
	return head.CID == kept.CID || head.Compare(kept.Head) < 0
}

// heads names all heads in contest.
func (c contests) heads() []protocol.CID {
	var out []protocol.CID
	for _, e := range c {
		out = append(out, e.First.CID, e.Second.CID)
	}
	return out
}

// contestRow is how a contest is stored: both heads as they were received.
type contestRow struct {
	_      struct{} `cbor:",toarray"`
	First  []byte
	Second []byte
}

func (c contests) encode() ([]byte, error) {
	rows := []contestRow{}
	for _, e := range c {
		first, err := e.First.Encode()
		if err != nil {
			return nil, err
		}
		second, err := e.Second.Encode()
		if err != nil {
			return nil, err
		}
		rows = append(rows, contestRow{First: first, Second: second})
	}
	return protocol.Marshal(rows)
}

func decodeContests(b []byte) (contests, error) {
	var rows []contestRow
	if err := protocol.Unmarshal(b, &rows); err != nil {
		return nil, fmt.Errorf("stored contests: %w", err)
	}
	var out contests
	for _, row := range rows {
		first, err := catalog.DecodeHead(row.First)
		if err != nil {
			return nil, fmt.Errorf("stored contests: %w", err)
		}
		second, err := catalog.DecodeHead(row.Second)
		if err != nil {
			return nil, fmt.Errorf("stored contests: %w", err)
		}
		out = append(out, catalog.Contest{First: first, Second: second})
	}
	return out, nil
}

func settingContests(brand protocol.CID) string { return "contests/" + brand.String() }

// contestsOf reads the open contests of a brand.
func (n *Node) contestsOf(ctx context.Context, brand protocol.CID) (contests, error) {
	b, err := n.store.Setting(ctx, settingContests(brand))
	if err != nil || b == nil {
		return nil, err
	}
	return decodeContests(b)
}

// putContests writes the open contests of a brand as part of a private change.
func putContests(o *store.OwnTxn, brand protocol.CID, c contests) error {
	if len(c) == 0 {
		return o.DeleteSetting(settingContests(brand))
	}
	b, err := c.encode()
	if err != nil {
		return err
	}
	return o.PutSetting(settingContests(brand), b)
}

// keepContests stores the open contests of a brand durably.
func (n *Node) keepContests(ctx context.Context, brand protocol.CID, c contests) error {
	err := n.store.UpdateOwn(ctx, func(o *store.OwnTxn) error { return putContests(o, brand, c) })
	if err != nil {
		return fmt.Errorf("keep evidence of a contest of %s: %w", brand, err)
	}
	return nil
}
