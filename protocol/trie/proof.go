package trie

import (
	"math/bits"

	"github.com/stoa-commerce/stoa/protocol"
)

// Proof is the way from the root down to one subtree: for each inner node on it
// the crit-bit and the hash of the side not taken. Which side is taken, the key
// says. On the wire it is [bits, siblings].
//
// As VerifyRecord reads it the subtree is a leaf; as VerifyGroup does, it holds
// one whole group and every crit-bit is below GroupBits.
type Proof struct {
	_ struct{} `cbor:",toarray"`
	// Bits is a bitmap of the crit-bits, bit 0 first and most significant, that
	// ends with the byte of the last one: at most 32 bytes. Its form alone makes
	// crit-bits strictly increase.
	Bits []byte
	// Siblings holds 32 bytes for each crit-bit, ascending: the root's first.
	Siblings []byte
}

// Absence proves that a record, or a whole group, is not there. On the wire it
// is [proof, [leaf…]].
type Absence struct {
	_ struct{} `cbor:",toarray"`
	// Proof leads along the bits of the absent key to what stands there instead.
	Proof Proof
	// Leaves are all of what stands there, in key order: one leaf for a record;
	// one whole other group, up to MaxGroup leaves, for a group; none in the
	// empty trie.
	Leaves []Leaf
}

// DecodeProof reads a proof. It checks the form only; see VerifyRecord and
// VerifyGroup.
func DecodeProof(data []byte) (Proof, error) {
	var p Proof
	err := p.UnmarshalCBOR(data)
	return p, err
}

// DecodeAbsence reads a proof of absence. It checks the form only; see
// VerifyAbsent and VerifyGroupAbsent.
func DecodeAbsence(data []byte) (Absence, error) {
	var a Absence
	err := a.UnmarshalCBOR(data)
	return a, err
}

// Encode returns the wire form: about 33 bytes for each step.
func (p Proof) Encode() ([]byte, error) { return protocol.Marshal(p) }

// Encode returns the wire form.
func (a Absence) Encode() ([]byte, error) { return protocol.Marshal(a) }

// UnmarshalCBOR reads the wire form, also inside a larger object, and refuses
// any other.
func (p *Proof) UnmarshalCBOR(data []byte) error {
	type plain Proof
	var q plain
	if err := protocol.UnmarshalStrict(data, &q); err != nil {
		return err
	}
	*p = Proof(q)
	return p.form()
}

// UnmarshalCBOR reads the wire form, also inside a larger object, and refuses
// any other.
func (a *Absence) UnmarshalCBOR(data []byte) error {
	type plain Absence
	var q plain
	if err := protocol.UnmarshalStrict(data, &q); err != nil {
		return err
	}
	*a = Absence(q)
	return a.form()
}

func (p Proof) form() error {
	n := len(p.Bits)
	if n > KeyBits/8 || n > 0 && p.Bits[n-1] == 0 {
		return protocol.Invalid("proof", "bits of %d bytes are too long or end in a zero byte", n)
	}
	if steps := p.Steps(); len(p.Siblings) != 32*steps {
		return protocol.Invalid("proof", "%d bytes of siblings for %d steps", len(p.Siblings), steps)
	}
	return nil
}

func (a Absence) form() error {
	if len(a.Leaves) > MaxGroup {
		return protocol.Invalid("absence", "%d leaves, allowed are %d", len(a.Leaves), MaxGroup)
	}
	return a.Proof.form()
}

// Steps returns how many inner nodes the proof passes, at most 256.
func (p Proof) Steps() int {
	n := 0
	for _, b := range p.Bits {
		n += bits.OnesCount8(b)
	}
	return n
}

// step adds the next inner node on the way down.
func (p *Proof) step(critBit int, sibling Hash) {
	for len(p.Bits) <= critBit/8 {
		p.Bits = append(p.Bits, 0)
	}
	p.Bits[critBit/8] |= 0x80 >> (critBit % 8)
	p.Siblings = append(p.Siblings, sibling[:]...)
}

// has reports whether the proof passes a node with the crit-bit.
func (p Proof) has(critBit int) bool {
	return critBit/8 < len(p.Bits) && p.Bits[critBit/8]&(0x80>>(critBit%8)) != 0
}

// Root returns the root that the proof leads to, up from the subtree below, when
// the key's bits take the sides. It is an error if the proof is not well formed.
func (p Proof) Root(key Key, below Hash) (Hash, error) {
	if err := p.form(); err != nil {
		return Hash{}, err
	}
	siblings := p.Siblings
	for bit := 8*len(p.Bits) - 1; bit >= 0; bit-- {
		if !p.has(bit) {
			continue
		}
		sibling := Hash(siblings[len(siblings)-32:])
		siblings = siblings[:len(siblings)-32]
		if key.bit(bit) == 0 {
			below = nodeHash(bit, below, sibling)
		} else {
			below = nodeHash(bit, sibling, below)
		}
	}
	return below, nil
}

// sameSides reports whether both keys take the same side at every step.
func (p Proof) sameSides(a, b Key) bool {
	for bit := 0; bit < 8*len(p.Bits); bit++ {
		if p.has(bit) && a.bit(bit) != b.bit(bit) {
			return false
		}
	}
	return true
}
