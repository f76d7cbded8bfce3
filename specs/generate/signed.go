package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/sha512"
	"slices"

	"filippo.io/edwards25519"

	"github.com/stoa-commerce/stoa/protocol"
)

// signedVectors makes the cases of specs/02-signed.md §6.
func signedVectors() (any, error) {
	cases := append(signedValid(), signedForms()...)
	cases = append(cases, keyVectors()...)
	return vecSet{"02-signed", "Signed objects and public keys; specs/02-signed.md §6 says what each kind holds.", cases}, nil
}

// namedKey returns a fixed key: its seed is the SHA-256 of the name.
func namedKey(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func publicOf(name string) protocol.PublicKey { return protocol.PublicKeyOf(namedKey(name)) }

func signedValid() []vec {
	payload := sure(protocol.Marshal(map[string]any{"v": 1, "text": "hello"}))
	one := protocol.Sign(protocol.ObjectHead, payload, namedKey("a"))
	two := protocol.Sign(protocol.ObjectHead, payload, namedKey("a"), namedKey("b"))
	broken := protocol.Signed{Payload: payload, Signatures: []protocol.Signature{{Key: one.Signatures[0].Key, Bytes: make([]byte, 64)}}}
	other := protocol.Signed{Payload: sure(protocol.Marshal(map[string]any{"v": 2, "text": "hello"})), Signatures: one.Signatures}
	// S plus the order of the group: the same signature in a second form.
	high := protocol.Signed{Payload: payload, Signatures: []protocol.Signature{{Key: one.Signatures[0].Key, Bytes: plusOrder(one.Signatures[0].Bytes)}}}
	return []vec{
		signedCase("one signature", one, "head", 1, "a"),
		signedCase("two signatures", two, "head", 2, "a", "b"),
		signedCase("two signatures, one key known", two, "head", 1, "b"),
		signedCase("another key", one, "head", 0, "b"),
		signedCase("another kind of object", one, "identity", 0, "a"),
		signedCase("another payload", other, "head", 0, "a"),
		signedCase("a signature of zeros", broken, "head", 0, "a"),
		signedCase("a signature with S beyond the order", high, "head", 0, "a"),
		signedCase("a payload that is no object", protocol.Sign(protocol.ObjectHead, []byte{0xff}, namedKey("a")), "head", 1, "a"),
		smallR("a signature whose R is neutral", "head", 0),
		smallR("a signature whose R is of order 8", "head", 1),
	}
}

// smallR is a signature that meets the equation with an R of small order: under an
// ordinary key with the nonce 0, and under one with a part of order 8, which cancels
// that of R for one in eight payloads.
func smallR(name, object string, torsion int) vec {
	secret := sure(new(edwards25519.Scalar).SetBytesWithClamping(namedKey("small").Seed()))
	public := new(edwards25519.Point).ScalarBaseMult(secret)
	eighth := sure(new(edwards25519.Point).SetBytes(unhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")))
	r := edwards25519.NewIdentityPoint()
	for range torsion {
		public.Add(public, eighth)
		r.Add(r, eighth)
	}
	key := sure(protocol.ParsePublicKey(public.Bytes()))
	for try := 0; ; try++ {
		payload := sure(protocol.Marshal(map[string]any{"v": 1, "try": try}))
		message := append([]byte("stoa/"+object+"/v1\x00"), payload...)
		sum := sha512.Sum512(slices.Concat(r.Bytes(), key.Bytes(), message))
		k := sure(new(edwards25519.Scalar).SetUniformBytes(sum[:]))
		sig := append(r.Bytes(), new(edwards25519.Scalar).Multiply(k, secret).Bytes()...)
		if ed25519.Verify(key.Bytes(), message, sig) {
			s := protocol.Signed{Payload: payload, Signatures: []protocol.Signature{{Key: key.ID(), Bytes: sig}}}
			return signedCase(name, s, object, 0).with(vec{"keys": []string{hexed(key.Bytes())}})
		}
	}
}

// signedCase is well-formed; holds says how many of the keys signed it.
func signedCase(name string, s protocol.Signed, object string, holds int, keys ...string) vec {
	var public []string
	for _, k := range keys {
		public = append(public, hexed(publicOf(k).Bytes()))
	}
	return vec{
		"name": name, "kind": "signed", "valid": true, "object": object, "bytes": hexed(sure(s.Encode())),
		"payload": hexed(s.Payload), "id": s.ID().String(), "keys": public, "holds": holds,
		"preimage": hexed(append([]byte("stoa/"+object+"/v1\x00"), s.Payload...)),
	}
}

func plusOrder(sig []byte) []byte {
	order := unhex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
	out := append([]byte{}, sig...)
	carry := 0
	for i, b := range order {
		carry += int(out[32+i]) + int(b)
		out[32+i] = byte(carry)
		carry >>= 8
	}
	return out
}

func signedForms() []vec {
	sig, kid := make([]byte, 64), "0123456789abcdef"
	pair := []any{kid, sig}
	var nine []any
	for i := range 9 {
		nine = append(nine, []any{kid[:15] + string(rune('0'+i)), sig})
	}
	forms := []struct {
		name, class string
		value       any
	}{
		{"no signatures", "form", []any{[]byte{1}, []any{}}},
		{"nine signatures", "form", []any{[]byte{1}, nine}},
		{"one key twice", "form", []any{[]byte{1}, []any{pair, pair}}},
		{"an empty payload", "form", []any{[]byte{}, []any{pair}}},
		{"a payload of 4,097 bytes", "form", []any{make([]byte, 4097), []any{pair}}},
		{"a signature of 63 bytes", "form", []any{[]byte{1}, []any{[]any{kid, sig[1:]}}}},
		{"an identifier of 17 characters", "form", []any{[]byte{1}, []any{[]any{kid + "0", sig}}}},
		{"an identifier in capitals", "form", []any{[]byte{1}, []any{[]any{"0123456789ABCDEF", sig}}}},
		{"an identifier of bytes", "type", []any{[]byte{1}, []any{[]any{[]byte(kid), sig}}}},
		{"a third element", "type", []any{[]byte{1}, []any{pair}, 0}},
		{"a third element of a signature", "type", []any{[]byte{1}, []any{[]any{kid, sig, 0}}}},
		{"a payload that is a list of numbers", "type", []any{[]any{1}, []any{pair}}},
		{"a payload that is text", "type", []any{"a", []any{pair}}},
		{"null for the signatures", "type", []any{[]byte{1}, nil}},
		{"a map", "type", map[string]any{}},
	}
	var cases []vec
	for _, f := range forms {
		cases = append(cases, vec{"name": f.name, "kind": "signed", "valid": false, "error": f.class, "bytes": hexed(sure(protocol.Marshal(f.value)))})
	}
	return cases
}

func keyVectors() []vec {
	good := publicOf("a")
	cases := []vec{{"name": "a key", "kind": "key", "valid": true, "key": hexed(good.Bytes()), "kid": good.ID()}}
	for _, k := range [][3]string{
		{"31 bytes", "size", hexed(good.Bytes()[1:])},
		{"not on the curve", "curve", "0200000000000000000000000000000000000000000000000000000000000000"},
		{"y = p + 3", "canonical", "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
		{"y = p", "canonical", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
		{"y = p + 1 with a sign", "canonical", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
		{"the neutral point with a sign", "canonical", "0100000000000000000000000000000000000000000000000000000000000080"},
		{"y = −1 with a sign", "canonical", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
		{"order 1", "order", "0100000000000000000000000000000000000000000000000000000000000000"},
		{"order 2", "order", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
		{"order 4", "order", "0000000000000000000000000000000000000000000000000000000000000000"},
		{"order 4, the other", "order", "0000000000000000000000000000000000000000000000000000000000000080"},
		{"order 8", "order", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"},
		{"order 8, the second", "order", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"},
		{"order 8, the third", "order", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"},
		{"order 8, the fourth", "order", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"},
	} {
		cases = append(cases, vec{"name": k[0], "kind": "key", "valid": false, "error": k[1], "key": k[2]})
	}
	return cases
}
