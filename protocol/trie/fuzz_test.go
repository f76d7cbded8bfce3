package trie

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
)

// FuzzDecodeProof holds the decoder to one form for each proof, and to errors
// that say whose fault it is.
func FuzzDecodeProof(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := DecodeProof(data)
		if err != nil {
			if !errors.Is(err, protocol.ErrInvalid) {
				t.Fatalf("not marked invalid: %v", err)
			}
			return
		}
		if again := encoded(t, p); !bytes.Equal(again, data) {
			t.Fatalf("two forms: %x and %x", data, again)
		}
		if p.Steps() > KeyBits || len(p.Siblings) != 32*p.Steps() {
			t.Fatalf("%d steps with %d bytes", p.Steps(), len(p.Siblings))
		}
		if _, err := p.Root(Key{}, Hash{1}); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzDecodeAbsence does the same for proofs of absence, and expects that no
// input proves something absent under a root that it doesn't lead to.
func FuzzDecodeAbsence(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := DecodeAbsence(data)
		if err != nil {
			if !errors.Is(err, protocol.ErrInvalid) {
				t.Fatalf("not marked invalid: %v", err)
			}
			return
		}
		if again := encoded(t, a); !bytes.Equal(again, data) {
			t.Fatalf("two forms: %x and %x", data, again)
		}
		if VerifyAbsent(Hash{1}, "post/a", a) == nil || VerifyGroupAbsent(Hash{1}, "post/a", a) == nil {
			t.Fatal("accepted under a root of nobody")
		}
	})
}

// FuzzDecodeLeaf holds leaves to one form, with keys of their own making.
func FuzzDecodeLeaf(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		var l Leaf
		if err := l.UnmarshalCBOR(data); err != nil {
			if !errors.Is(err, protocol.ErrInvalid) {
				t.Fatalf("not marked invalid: %v", err)
			}
			return
		}
		again, err := l.MarshalCBOR()
		if err != nil || !bytes.Equal(again, data) || l.valid() != nil {
			t.Fatalf("two forms: %x and %x, %v", data, again, err)
		}
	})
}
