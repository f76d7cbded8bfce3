package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/node/keys"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/store"
)

// Errors of ApplyKey that a caller decides on.
var (
	// ErrOutdated means that the identity has gone on since an operation was drafted:
	// taking it would fork the brand.
	ErrOutdated = errors.New("the brand's identity has gone on since this was requested")
	// ErrNoKeyHere means that a home holds no key that an operation names.
	ErrNoKeyHere = errors.New("the key that this operation names is not in this home")
)

// KeyApplied says what became of a signed operation.
type KeyApplied struct {
	Operation protocol.CID
	N, Epoch  uint64
	Key       protocol.KeyID // that signs from now on
	// Head was signed under the operation; undefined while the identity is contested or
	// an alarm lasts.
	Head catalog.SignedHead
	// Contested says that the identity still has branches: another request goes on.
	Contested bool
	// AlarmOver says that an alarm there was is over.
	AlarmOver bool
}

// ApplyKey takes an identity operation that the recovery words have signed: it keeps
// it, switches to the pending online key that it names and signs a head under it, which
// ends alarm and contests if the epoch rises. When it fails or is killed on the way,
// calling it again finishes.
func (n *Node) ApplyKey(ctx context.Context, s SignedKey) (KeyApplied, error) {
	raw, signed, op, err := s.open()
	if err != nil {
		return KeyApplied{}, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	id := signed.ID()
	key, after, err := n.foresee(ctx, id, raw, op)
	if err != nil {
		return KeyApplied{}, fmt.Errorf("apply operation %d: %w", op.N, err)
	}
	if _, err := n.store.PutIdentity(ctx, n.brand, raw); err != nil {
		return KeyApplied{}, err
	}
	out := KeyApplied{Operation: id, N: op.N, Epoch: op.Epoch, Contested: after.Contested}
	if after.Governing == id {
		err = n.takeUp(ctx, key, after, &out)
	}
	out.Key = protocol.PublicKeyOf(n.key).ID()
	return out, errors.Join(err, n.look(ctx, n.kept.own))
}

// foresee checks an operation without taking it, and returns the key that is to sign
// under it and the state that it leads to.
func (n *Node) foresee(ctx context.Context, id protocol.CID, raw []byte, op identity.Op) (protocol.KeyID, identity.State, error) {
	log, err := n.store.Identity(ctx, n.brand)
	if err != nil {
		return "", identity.State{}, err
	}
	before := log.State()
	after, err := n.stateWith(log, raw)
	if errors.Is(err, identity.ErrUnknownPrev) {
		return "", after, protocol.Invalid("identity operation", "it is of another brand, or of a later state of this one than this home has")
	}
	if err != nil {
		return "", after, err
	}
	if !before.Contested && after.Governing != id {
		return "", after, ErrOutdated
	}
	if after.Governing != id {
		return "", after, nil
	}
	key, err := n.keyFor(op)
	return key, after, err
}

func (n *Node) stateWith(log *identity.Log, raw []byte) (identity.State, error) {
	ops := [][]byte{raw}
	for _, s := range log.Signed() {
		b, err := s.Encode()
		if err != nil {
			return identity.State{}, err
		}
		ops = append(ops, b)
	}
	next, err := identity.Load(n.brand, ops)
	if err != nil {
		return identity.State{}, err
	}
	return next.State(), nil
}

// keyFor returns which key of the home signs under an operation: a pending one that it
// names, else the online key.
func (n *Node) keyFor(op identity.Op) (protocol.KeyID, error) {
	present, stays := protocol.PublicKeyOf(n.key).ID(), false
	for _, k := range op.Online {
		waits, err := keys.HasPending(n.home, k.ID)
		if err != nil || waits {
			return k.ID, err
		}
		stays = stays || k.ID == present
	}
	if !stays {
		return "", ErrNoKeyHere
	}
	return present, nil
}

// takeUp switches to the key and signs under the operation that governs now. What an
// earlier call did isn't done again.
func (n *Node) takeUp(ctx context.Context, id protocol.KeyID, state identity.State, out *KeyApplied) error {
	if err := n.switchTo(id); err != nil {
		return err
	}
	current, err := n.head(ctx)
	if err != nil {
		return err
	}
	if current != nil && current.ID == state.Governing {
		out.Head = *current
	} else if out.Head, err = n.signUnder(ctx, state, current, out); err != nil {
		return fmt.Errorf("sign under the new operation: %w", err)
	}
	if err := n.settleIfOver(ctx); err != nil {
		return err
	}
	return keys.DropPending(n.home)
}

func (n *Node) switchTo(id protocol.KeyID) error {
	if protocol.PublicKeyOf(n.key).ID() == id {
		return nil
	}
	key, err := keys.Promote(n.home, id)
	if err == nil {
		n.setKey(key)
		n.log.Info("online key switched", "brand", n.brand, "key", id)
	}
	return err
}

// signUnder signs the catalog as it is under the governing operation. Only a higher
// epoch ends an alarm: under the same one whoever else signs could go on.
func (n *Node) signUnder(ctx context.Context, state identity.State, current *catalog.SignedHead, out *KeyApplied) (catalog.SignedHead, error) {
	alarm, err := n.Alarm(ctx)
	if err != nil {
		return catalog.SignedHead{}, err
	}
	rises := current != nil && current.Epoch < state.Epoch
	if !rises && alarm != nil {
		return catalog.SignedHead{}, nil // silencing it or a revocation goes on
	}
	if !rises {
		return n.sign(ctx, nothing, keepHead)
	}
	out.AlarmOver = alarm != nil
	return n.sign(ctx, nothing, keepHead, func(_ catalog.SignedHead, o *store.OwnTxn) error {
		return n.endAlarm(o, highest(*current, alarm))
	})
}

// endAlarm forgets the alarm and what was in contest. Heads of the epoch that is over
// raise none any more: of those not above last some may still be genuine, those above
// it are disputed.
func (n *Node) endAlarm(o *store.OwnTxn, last catalog.SignedHead) error {
	raw, err := last.Encode()
	if err != nil {
		return err
	}
	return errors.Join(o.PutSetting(settingSilenced, raw), o.DeleteSetting(settingAlarm), putEvidence(o, n.brand, evidence{}))
}

func highest(own catalog.SignedHead, other *catalog.SignedHead) catalog.SignedHead {
	if other != nil && other.Compare(own.Head) > 0 {
		return *other
	}
	return own
}

// settleIfOver forgets what was in contest, unless an alarm lasts.
func (n *Node) settleIfOver(ctx context.Context) error {
	alarm, err := n.Alarm(ctx)
	if err != nil || alarm != nil {
		return err
	}
	return n.settle(ctx)
}
