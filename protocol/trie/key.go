package trie

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"

	"github.com/stoa-commerce/stoa/protocol"
)

// KeyBits is the length of a key in bits; GroupBits is how many of them, from
// the front, all records of one group share.
const (
	KeyBits   = 256
	GroupBits = 128
)

// Key is where a record stands in the trie: SHA-256(group)[:16] followed by
// SHA-256(path)[:16]. Bit 0 is the most significant bit of byte 0.
type Key [32]byte

// KeyOf returns the key of the record at path.
func KeyOf(path protocol.Path) Key {
	group := sha256.Sum256([]byte(path.Group()))
	whole := sha256.Sum256([]byte(path))
	var k Key
	copy(k[:16], group[:])
	copy(k[16:], whole[:])
	return k
}

func (k Key) bit(i int) int { return int(k[i/8]>>(7-i%8)) & 1 }

func (k Key) nibble(i int) byte { return k[i/2] >> (4 - 4*(i%2)) & 15 }

// with returns k, in which nibble i is 0, with another one there.
func (k Key) with(i int, nibble byte) Key {
	k[i/2] |= nibble << (4 - 4*(i%2))
	return k
}

// critBit returns the index of the first bit in which the keys differ, KeyBits
// when they are equal.
func critBit(a, b *Key) int {
	for i := 0; i < len(a); i += 8 {
		x := binary.BigEndian.Uint64(a[i:]) ^ binary.BigEndian.Uint64(b[i:])
		if x != 0 {
			return 8*i + bits.LeadingZeros64(x)
		}
	}
	return KeyBits
}

func (k Key) sameGroup(other Key) bool { return [16]byte(k[:16]) == [16]byte(other[:16]) }
