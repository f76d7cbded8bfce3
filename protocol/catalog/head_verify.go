package catalog

import (
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
)

var (
	// ErrUnknownOperation reports a head whose identity operation doesn't govern
	// as far as the given state knows: operations may be missing, or lie on a
	// contested branch. It is not provably wrong.
	ErrUnknownOperation = errors.New("head names an identity operation that does not govern")
	// ErrDisputed reports a head that was signed by a key that has been revoked
	// since, behind the last good head.
	ErrDisputed = errors.New("head was signed by a revoked key after the last good head")
)

// VerifyHead reports whether an online key of the operation that the head names
// signed it, under that operation's epoch. Errors are *Refusal with the reasons
// brand-mismatch, epoch, head-signature and head-disputed (which also wraps
// ErrDisputed), or wrap ErrUnknownOperation. A good head of an earlier epoch is
// no error; see identity.State.Epoch for whether it is current.
func VerifyHead(h SignedHead, state identity.State) error {
	if h.Brand != state.Brand {
		return refuse(BrandMismatch, "head of %s under the identity of %s", h.Brand, state.Brand)
	}
	key, epoch, ok := state.KeyAt(h.ID, h.Signer())
	if !ok {
		return unknownSigner(h, state)
	}
	if h.Epoch != epoch {
		return refuse(WrongEpoch, "head says %d, its identity operation %d", h.Epoch, epoch)
	}
	if h.Signed.VerifiedBy(protocol.ObjectHead, key) != 1 {
		return refuse(HeadSignature, "not made by key %s", h.Signer())
	}
	if state.Disputed(h.Ref(), h.Signer()) {
		return refuseFor(HeadDisputed, ErrDisputed)
	}
	return nil
}

func unknownSigner(h SignedHead, state identity.State) error {
	if _, _, known := state.OnlineAt(h.ID); known {
		return refuse(HeadSignature, "key %s is not an online key of operation %s", h.Signer(), h.ID)
	}
	return fmt.Errorf("operation %s: %w", h.ID, ErrUnknownOperation)
}

// Ref names the head in an identity operation.
func (s SignedHead) Ref() identity.HeadRef {
	return identity.HeadRef{Epoch: s.Epoch, Seq: s.Seq, Head: s.CID}
}
