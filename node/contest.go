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
func (c contests) inForce() catalog.SignedHead { return slices.MinFunc(c, atPlace).First }

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

// evidence is what is stored of a brand in contest: the contests, and the highest head
// known, which has not taken effect.
type evidence struct {
	contests contests
	highest  *catalog.SignedHead
}

// evidenceRow is its stored form: heads as they were received.
type evidenceRow struct {
	Contests []contestRow `cbor:"contests"`
	Highest  []byte       `cbor:"highest,omitempty"`
}

type contestRow struct {
	_      struct{} `cbor:",toarray"`
	First  []byte
	Second []byte
}

func (e evidence) encode() ([]byte, error) {
	var row evidenceRow
	for _, c := range e.contests {
		first, err := c.First.Encode()
		if err != nil {
			return nil, err
		}
		second, err := c.Second.Encode()
		if err != nil {
			return nil, err
		}
		row.Contests = append(row.Contests, contestRow{First: first, Second: second})
	}
	if e.highest != nil {
		var err error
		if row.Highest, err = e.highest.Encode(); err != nil {
			return nil, err
		}
	}
	return protocol.Marshal(row)
}

func decodeEvidence(b []byte) (e evidence, err error) {
	var row evidenceRow
	if err := protocol.Unmarshal(b, &row); err != nil {
		return e, err
	}
	if e.highest, err = headOf(row.Highest); err != nil {
		return e, err
	}
	for _, c := range row.Contests {
		first, err := catalog.DecodeHead(c.First)
		if err != nil {
			return e, err
		}
		second, err := catalog.DecodeHead(c.Second)
		if err != nil {
			return e, err
		}
		e.contests = append(e.contests, catalog.Contest{First: first, Second: second})
	}
	return e, nil
}

func settingContests(brand protocol.CID) string { return "contests/" + brand.String() }

// evidenceOf reads what is stored of a brand in contest, the zero value for any other.
func (n *Node) evidenceOf(ctx context.Context, brand protocol.CID) (evidence, error) {
	b, err := n.store.Setting(ctx, settingContests(brand))
	if err != nil || b == nil {
		return evidence{}, err
	}
	e, err := decodeEvidence(b)
	if err != nil {
		return e, fmt.Errorf("stored contests of %s: %w", brand, err)
	}
	return e, nil
}

// putEvidence writes it as part of a private change; without contests there is nothing
// to keep.
func putEvidence(o *store.OwnTxn, brand protocol.CID, e evidence) error {
	if len(e.contests) == 0 {
		return o.DeleteSetting(settingContests(brand))
	}
	b, err := e.encode()
	if err != nil {
		return err
	}
	return o.PutSetting(settingContests(brand), b)
}

// keepEvidence stores it durably.
func (n *Node) keepEvidence(ctx context.Context, brand protocol.CID, e evidence) error {
	err := n.store.UpdateOwn(ctx, func(o *store.OwnTxn) error { return putEvidence(o, brand, e) })
	if err != nil {
		return fmt.Errorf("keep evidence of a contest of %s: %w", brand, err)
	}
	return nil
}

// told returns which head peers are told of that ask for the highest, with its rival:
// while a contest is open, the heads of the one at the highest place and not a later
// head, so that everybody learns of it, the brand's own node before all.
func (c contests) told(highest catalog.SignedHead) (head []byte, rival []byte, err error) {
	if len(c) == 0 {
		head, err = highest.Encode()
		return head, nil, err
	}
	latest := slices.MaxFunc(c, atPlace)
	if head, err = latest.First.Encode(); err == nil {
		rival, err = latest.Second.Encode()
	}
	return head, rival, err
}

func atPlace(a, b catalog.Contest) int { return a.First.Compare(b.First.Head) }
