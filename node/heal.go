package node

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// healFor is how long every head repeats what an earlier one healed: a reader that was
// away, or that gossip told of the newest head only, would stay in the contest else.
const healFor protocol.Millis = 30 * 24 * 3_600_000

const settingHealed = "healed"

// healing is what the heads of an epoch repeat to heal.
type healing struct {
	Epoch uint64          `cbor:"epoch"`
	Until protocol.Millis `cbor:"until"`
	Heads []protocol.CID  `cbor:"heads"`
}

// healed returns the heads that a head of the epoch is to heal once more.
func (n *Node) healed(ctx context.Context, epoch uint64) ([]protocol.CID, error) {
	b, err := n.store.Setting(ctx, settingHealed)
	if err != nil || b == nil {
		return nil, err
	}
	var h healing
	if err := protocol.Unmarshal(b, &h); err != nil {
		return nil, fmt.Errorf("stored healing: %w", err)
	}
	if h.Epoch != epoch || n.millis() >= h.Until {
		return nil, nil
	}
	return h.Heads, nil
}

// putHealed has later heads repeat what a head heals.
func (n *Node) putHealed(o *store.OwnTxn, head catalog.SignedHead) error {
	b, err := protocol.Marshal(healing{head.Epoch, n.millis() + healFor, head.Heals})
	if err != nil {
		return err
	}
	return o.PutSetting(settingHealed, b)
}

// takeOwn takes the head of the own brand that a peer knows, and the one that it knows
// to be in contest with it.
func (n *Node) takeOwn(ctx context.Context, raw ...[]byte) error {
	var mine, others []catalog.SignedHead
	for _, r := range raw {
		if r == nil {
			continue
		}
		head, err := catalog.DecodeHead(r)
		if err != nil {
			return err
		}
		here, err := n.signedHere(ctx, head)
		if err != nil {
			return err
		}
		if here {
			mine = append(mine, head)
			continue
		}
		others = append(others, head)
		if err := n.Notice(ctx, head); err != nil && !errors.Is(err, ErrAlarm) {
			return err // an alarm was said loudly, and kept
		}
	}
	if len(mine) == 1 && len(others) == 1 {
		return n.takeContest(ctx, mine[0], others[0])
	}
	return nil
}

// takeContest takes evidence that this node and another one signed at one place. While
// the alarm lasts it is kept, for the owner's decision to heal it; one that comes later
// is healed at once, for the owner has decided.
func (n *Node) takeContest(ctx context.Context, mine, other catalog.SignedHead) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	alarm, err := n.Alarm(ctx)
	if err != nil {
		return err
	}
	if alarm != nil {
		open := n.kept.own.present().contests.with(catalog.Contest{First: mine, Second: other})
		if err := n.keepEvidence(ctx, n.brand, evidence{contests: open}); err != nil {
			return err
		}
		n.kept.own.setContests(open)
		return nil
	}
	return n.healLate(ctx, mine, other)
}

// healLate heals a contest that was met after the alarm had ended. n.mu is held.
func (n *Node) healLate(ctx context.Context, mine, other catalog.SignedHead) error {
	current, err := n.head(ctx)
	if err != nil || current == nil || current.Epoch != mine.Epoch {
		return err
	}
	if (catalog.Contest{First: mine, Second: other}).EndedBy(*current) {
		return nil
	}
	pair := []protocol.CID{mine.CID, other.CID}
	_, err = n.sign(ctx, nothing, func(h catalog.Head, _ *catalog.SignedHead) catalog.Head {
		before := h.Heals
		h.Heals = nil
		return h.Healing(alsoHeal(pair, before)...)
	}, func(head catalog.SignedHead, o *store.OwnTxn) error { return n.putHealed(o, head) })
	return err
}

func (m *mirror) setContests(c contests) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.contests = c
}

// alsoHeal returns the heads to be healed, and as many of those before as there is room
// for.
func alsoHeal(now, before []protocol.CID) []protocol.CID {
	out := slices.Clone(now)
	for _, id := range before {
		if len(out) < catalog.MaxHeals && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}
