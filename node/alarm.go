package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/store"
)

// Notice takes a head of the node's own brand that came from outside. When it is
// genuine and this node didn't sign it, somebody else has the online key: most
// often a copied home or a restored snapshot. The node then stops signing, keeps
// the evidence durably, makes it plain to every reader by one head beside the
// other's (specs/07-head.md §4), says so loudly and returns ErrAlarm.
func (n *Node) Notice(ctx context.Context, head catalog.SignedHead) error {
	if head.Brand != n.brand {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	log, err := n.store.Identity(ctx, n.brand)
	if err != nil {
		return err
	}
	state := log.State()
	if err := catalog.VerifyHead(head, state); err != nil {
		return fmt.Errorf("head of own brand: %w", err)
	}
	known, err := n.signedHere(ctx, head)
	if err == nil && !known {
		known, err = n.silenced(ctx, head)
	}
	if err != nil || known {
		return err
	}
	return n.raise(ctx, head, state)
}

// raise keeps the highest head that was signed elsewhere as evidence, and contests
// it. n.mu is held.
func (n *Node) raise(ctx context.Context, head catalog.SignedHead, state identity.State) error {
	before, err := n.Alarm(ctx)
	if err != nil {
		return err
	}
	if before == nil || before.Compare(head.Head) < 0 {
		if err := n.sound(ctx, head); err != nil {
			return err
		}
	}
	if err := n.contest(ctx, head, state); err != nil {
		return errors.Join(ErrAlarm, fmt.Errorf("contest a head of the own brand: %w", err))
	}
	return ErrAlarm
}

// sound stores the alarm.
func (n *Node) sound(ctx context.Context, head catalog.SignedHead) error {
	raw, err := head.Encode()
	if err != nil {
		return err
	}
	if err := n.store.UpdateOwn(ctx, func(o *store.OwnTxn) error { return o.PutSetting(settingAlarm, raw) }); err != nil {
		return err
	}
	if err := n.doubt(ctx); err != nil {
		return err
	}
	n.log.Error("a head of this brand was signed elsewhere: nothing more is signed here until you decide",
		"brand", n.brand, "seq", head.Seq, "head", head.CID)
	return n.look(ctx, n.kept.own)
}

// contest keeps the evidence that two nodes sign, after it has signed a head at the
// place of the other's where there is none of its own and readers would take it.
func (n *Node) contest(ctx context.Context, other catalog.SignedHead, state identity.State) error {
	current, err := n.head(ctx)
	if err != nil || current == nil || other.Epoch != current.Epoch || other.Epoch != state.Epoch {
		return err
	}
	open := n.kept.own.present().contests
	order := other.Compare(current.Head)
	if order < 0 || order > 0 && (len(open) >= maxContests || !n.taken(other)) {
		return nil
	}
	if order == 0 {
		return n.showContest(ctx, *current, other)
	}
	beside, err := catalog.Contesting(*current, other, n.millis())
	if err != nil {
		return err
	}
	own, err := n.sign(ctx, nothing, func(h catalog.Head, _ *catalog.SignedHead) catalog.Head {
		beside.ID = h.ID
		return beside
	}, n.alsoContest(open, other))
	if err != nil {
		return err
	}
	return n.showContest(ctx, own, other)
}

// taken reports whether readers would take a head at this place and time.
func (n *Node) taken(h catalog.SignedHead) bool {
	return catalog.Check(h, nil, n.millis()) == catalog.Newer
}

// alsoContest writes the contest in the step that moves the head.
func (n *Node) alsoContest(open contests, other catalog.SignedHead) alongside {
	return func(own catalog.SignedHead, o *store.OwnTxn) error {
		return putEvidence(o, n.brand, evidence{contests: open.with(catalog.Contest{First: own, Second: other})})
	}
}

// showContest keeps a contest of the own brand durably, for peers that ask, and in memory.
func (n *Node) showContest(ctx context.Context, own, other catalog.SignedHead) error {
	m := n.kept.own
	open := m.present().contests.with(catalog.Contest{First: own, Second: other})
	if err := n.keepEvidence(ctx, n.brand, evidence{contests: open}); err != nil {
		return err
	}
	told, rival, err := open.told(own)
	if err != nil {
		return err
	}
	err = n.store.UpdateStanding(ctx, n.brand, true, func(st *store.Standing) error {
		st.Highest, st.Rival = told, rival
		return nil
	})
	if err != nil {
		return err
	}
	m.mu.Lock()
	m.contests, m.rival = open, &other
	m.mu.Unlock()
	return nil
}

// signedHere reports whether this node signed the head.
func (n *Node) signedHere(ctx context.Context, head catalog.SignedHead) (bool, error) {
	return n.store.Signed(ctx, head.Epoch, head.Seq, head.CID)
}

// silenced reports whether the head is not above one whose alarm was ended.
func (n *Node) silenced(ctx context.Context, head catalog.SignedHead) (bool, error) {
	raw, err := n.store.Setting(ctx, settingSilenced)
	if err != nil || raw == nil {
		return false, err
	}
	last, err := catalog.DecodeHead(raw)
	if err != nil {
		return false, fmt.Errorf("stored end of alarm: %w", err)
	}
	return head.Compare(last.Head) <= 0, nil
}

// Alarm returns the head that was signed elsewhere, nil if there is none.
func (n *Node) Alarm(ctx context.Context) (*catalog.SignedHead, error) {
	raw, err := n.store.Setting(ctx, settingAlarm)
	if err != nil || raw == nil {
		return nil, err
	}
	head, err := catalog.DecodeHead(raw)
	if err != nil {
		return nil, fmt.Errorf("stored alarm: %w", err)
	}
	return &head, nil
}

// Silence ends an alarm: the owner has made sure that the other node is stopped.
// The next head stands above the other's and, where both signed at one place,
// heals the contest. One so far ahead of its time that every peer refuses it is
// not followed there.
func (n *Node) Silence(ctx context.Context) (catalog.SignedHead, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	other, err := n.Alarm(ctx)
	if err != nil {
		return catalog.SignedHead{}, err
	}
	if other == nil {
		return catalog.SignedHead{}, errors.New("there is no alarm")
	}
	raw, err := other.Encode()
	if err != nil {
		return catalog.SignedHead{}, err
	}
	reachable := other.Seq < uint64(n.millis()+catalog.MaxSeqAhead)
	open := n.kept.own.present().contests
	head, err := n.sign(ctx, nothing, above(*other, open, reachable), func(head catalog.SignedHead, o *store.OwnTxn) error {
		if reachable {
			if err := o.PutSetting(settingSilenced, raw); err != nil {
				return err
			}
		}
		return errors.Join(o.DeleteSetting(settingAlarm), putEvidence(o, n.brand, evidence{}), n.putHealed(o, head))
	})
	if err != nil {
		return head, err
	}
	return head, n.settle(ctx)
}

// above makes a head stand above the other's, if readers take what stands there, and
// heal all that is in contest.
func above(other catalog.SignedHead, open contests, reachable bool) adjust {
	return func(h catalog.Head, own *catalog.SignedHead) catalog.Head {
		if reachable {
			h.Seq = max(h.Seq, other.Seq+1)
		}
		now := open.heads()
		if len(now) == 0 && own != nil {
			now = []protocol.CID{own.CID, other.CID}
		}
		before := h.Heals
		h.Heals = nil
		return h.Healing(alsoHeal(now, before)...)
	}
}

// settle forgets the evidence of what the head in force has healed.
func (n *Node) settle(ctx context.Context) error {
	err := n.store.UpdateStanding(ctx, n.brand, true, func(st *store.Standing) error {
		st.Rival = nil
		return nil
	})
	if err != nil {
		return err
	}
	m := n.kept.own
	m.mu.Lock()
	m.contests, m.rival = nil, nil
	m.mu.Unlock()
	return n.look(ctx, m)
}
