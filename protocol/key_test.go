package protocol_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/big"
	"slices"
	"testing"

	"filippo.io/edwards25519"
	"github.com/stoa-commerce/stoa/protocol"
	"pgregory.net/rapid"
)

// smallOrder lists the canonical encodings of the eight points whose order
// divides the cofactor.
var smallOrder = []string{
	"0100000000000000000000000000000000000000000000000000000000000000",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0000000000000000000000000000000000000000000000000000000000000080",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
}

func TestKeysOfSmallOrderAreRefused(t *testing.T) {
	for i, s := range smallOrder {
		b := must(hex.DecodeString(s))
		p := must(new(edwards25519.Point).SetBytes(b))
		if new(edwards25519.Point).MultByCofactor(p).Equal(edwards25519.NewIdentityPoint()) != 1 || slices.Contains(smallOrder[:i], s) {
			t.Fatalf("%s does not belong into the list", s)
		}
		if _, err := protocol.ParsePublicKey(b); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%s: %v", s, err)
		}
	}
}

// TestKeysThatAreNotCanonicalAreRefused goes through every encoding of a y
// coordinate at or above the field's prime, with both signs, and the two points
// with x = 0 and a sign.
func TestKeysThatAreNotCanonicalAreRefused(t *testing.T) {
	for _, b := range append(aboveThePrime(),
		must(hex.DecodeString("0100000000000000000000000000000000000000000000000000000000000080")),
		must(hex.DecodeString("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"))) {
		if _, err := protocol.ParsePublicKey(b); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%x: %v", b, err)
		}
	}
}

func aboveThePrime() [][]byte {
	top := new(big.Int).Lsh(big.NewInt(1), 255)
	var all [][]byte
	for i := int64(1); i <= 19; i++ {
		b := new(big.Int).Sub(top, big.NewInt(i)).FillBytes(make([]byte, 32))
		slices.Reverse(b)
		signed := slices.Clone(b)
		signed[31] |= 0x80
		all = append(all, b, signed)
	}
	return all
}

func TestKeysOfTheWrongSizeOrOffTheCurveAreRefused(t *testing.T) {
	for _, b := range [][]byte{nil, make([]byte, 31), make([]byte, 33), append([]byte{2}, make([]byte, 31)...)} {
		if _, err := protocol.ParsePublicKey(b); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%x: %v", b, err)
		}
	}
}

// key returns a fixed private key.
func key(i byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(append(make([]byte, 31), i))
}

func TestAKeyReadsBackFromBytesAndCBOR(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := protocol.PublicKeyOf(key(rapid.Byte().Draw(t, "seed")))
		if must(protocol.ParsePublicKey(k.Bytes())) != k || !k.Defined() || len(k.ID()) != 16 {
			t.Fatalf("%x does not read back", k.Bytes())
		}
		var back protocol.PublicKey
		if err := protocol.UnmarshalStrict(must(protocol.Marshal(k)), &back); err != nil || back != k {
			t.Fatalf("%x: %v", k.Bytes(), err)
		}
	})
}

func FuzzParsePublicKey(f *testing.F) {
	f.Add(protocol.PublicKeyOf(key(1)).Bytes())
	for _, s := range smallOrder {
		f.Add(must(hex.DecodeString(s)))
	}
	for _, b := range aboveThePrime() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := protocol.ParsePublicKey(b)
		if err != nil {
			return
		}
		p := must(new(edwards25519.Point).SetBytes(k.Bytes()))
		if string(p.Bytes()) != string(b) || new(edwards25519.Point).MultByCofactor(p).Equal(edwards25519.NewIdentityPoint()) == 1 {
			t.Fatalf("%x is accepted", b)
		}
	})
}

// The quick checks of a key decide as the arithmetic does, for every encoding of a
// point of small order and for those around 2^255−19 too.
func TestKeysAreJudgedAsTheArithmeticDoes(t *testing.T) {
	var list [][]byte
	for _, p := range smallOrder {
		for _, sign := range []byte{0, 0x80} {
			b, err := hex.DecodeString(p)
			if err != nil {
				t.Fatal(err)
			}
			b[31] ^= sign
			list = append(list, b)
		}
	}
	for low := range 256 {
		for _, top := range []byte{0x7f, 0xff, 0x00, 0x80} {
			b := bytes.Repeat([]byte{0xff}, 32)
			if top&0x7f == 0 {
				clear(b)
			}
			b[0], b[31] = byte(low), top
			list = append(list, b)
		}
		random := sha256.Sum256([]byte{byte(low)})
		list = append(list, random[:])
	}
	for _, b := range list {
		_, err := protocol.ParsePublicKey(b)
		p, decodeErr := new(edwards25519.Point).SetBytes(b)
		good := decodeErr == nil && bytes.Equal(p.Bytes(), b) && new(edwards25519.Point).MultByCofactor(p).Equal(edwards25519.NewIdentityPoint()) != 1
		if (err == nil) != good {
			t.Errorf("%x: %v, the arithmetic says %v", b, err, good)
		}
	}
}
