package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store/kv"
)

// Standing is what the node knows of a brand beside its catalog. It is durable
// before anyone is told, so that a node never goes back to a lower head.
type Standing struct {
	// Highest is the highest verified head, signed, whether or not its catalog is
	// here yet; nil if there is none.
	Highest []byte `cbor:"highest,omitempty"`
	// Announced says that an announcement of Highest was accepted.
	Announced bool `cbor:"announced,omitempty"`
	// Rival is the evidence of a contest with Highest: another signed head at the
	// same (epoch, seq); nil if there is none.
	Rival []byte `cbor:"rival,omitempty"`
	// Heard is when somebody last said that Highest is the highest, or it was
	// accepted.
	Heard protocol.Millis `cbor:"heard,omitempty"`
	// Home is when the brand's own node last said so.
	Home protocol.Millis `cbor:"home,omitempty"`
}

// Standing returns what is known of a brand, the zero value when nothing is.
func (s *Store) Standing(ctx context.Context, id protocol.CID) (st Standing, err error) {
	b, err := s.lookup(id)
	if isNotFound(err) {
		return Standing{}, nil
	}
	err = s.kv.View(ctx, func(r kv.Reader) error {
		st, err = readStanding(r, b.no)
		return err
	})
	return st, err
}

// UpdateStanding changes what is known of a brand in one step, with the durable
// class of updates or without. fn may run several times. The brand must have been
// added, else ErrNotFound; a Highest that is not the form of a signed head is
// refused.
func (s *Store) UpdateStanding(ctx context.Context, id protocol.CID, durable bool, fn func(*Standing) error) error {
	b, err := s.lookup(id)
	if err != nil {
		return err
	}
	class := kv.Relaxed
	if durable {
		class = kv.Durable
	}
	return s.kv.Update(ctx, class, func(tx kv.Txn) error {
		if err := b.present(tx, id); err != nil {
			return err
		}
		was, err := readStanding(tx, b.no)
		if err != nil {
			return err
		}
		is := was
		if err := fn(&is); err != nil {
			return err
		}
		return writeStanding(tx, b.no, was, is)
	})
}

func readStanding(r kv.Reader, no brandNo) (st Standing, err error) {
	b, err := r.Get(keyStanding(no))
	if errors.Is(err, kv.ErrNotFound) {
		return Standing{}, nil
	}
	if err != nil {
		return Standing{}, fmt.Errorf("read standing: %w", err)
	}
	if err := protocol.Unmarshal(b, &st); err != nil {
		return Standing{}, fmt.Errorf("standing: %w: %w", err, kv.ErrCorrupt)
	}
	return st, nil
}

// writeStanding writes what changed.
func writeStanding(w writer, no brandNo, was, is Standing) error {
	if is.equal(was) {
		return nil
	}
	if is.Highest != nil && !bytes.Equal(is.Highest, was.Highest) {
		if _, err := catalog.DecodeHead(is.Highest); err != nil {
			return fmt.Errorf("highest head: %w", err)
		}
	}
	b, err := protocol.Marshal(is)
	if err != nil {
		return err
	}
	return w.Set(keyStanding(no), b)
}

func (st Standing) equal(other Standing) bool {
	return bytes.Equal(st.Highest, other.Highest) && bytes.Equal(st.Rival, other.Rival) &&
		st.Announced == other.Announced && st.Heard == other.Heard && st.Home == other.Home
}

// raiseHighest makes the head that is being applied the highest known, if it is.
// What was said of a lower one doesn't hold for it.
func raiseHighest(tx kv.Txn, no brandNo, head catalog.SignedHead, signed []byte) error {
	was, err := readStanding(tx, no)
	if err != nil || bytes.Equal(was.Highest, signed) {
		return err
	}
	if was.Highest != nil {
		highest, err := catalog.DecodeHead(was.Highest)
		if err != nil {
			return fmt.Errorf("stored highest head: %w: %w", err, kv.ErrCorrupt)
		}
		if head.Compare(highest.Head) <= 0 {
			return nil
		}
	}
	is := was
	is.Highest, is.Announced = signed, false
	return writeStanding(tx, no, was, is)
}
