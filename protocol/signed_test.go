package protocol_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"pgregory.net/rapid"
)

func TestASignatureHoldsForItsPayloadObjectAndKeyOnly(t *testing.T) {
	s := protocol.Sign(protocol.ObjectHead, []byte("payload"), key(1), key(2))
	k1, k2, k3 := protocol.PublicKeyOf(key(1)), protocol.PublicKeyOf(key(2)), protocol.PublicKeyOf(key(3))
	changed := s
	changed.Payload = []byte("Payload")
	swapped := s
	swapped.Signatures = []protocol.Signature{{Key: k1.ID(), Bytes: s.Signatures[1].Bytes}, {Key: k2.ID(), Bytes: s.Signatures[0].Bytes}}
	cases := []struct {
		name   string
		signed protocol.Signed
		object protocol.Object
		keys   []protocol.PublicKey
		want   int
	}{
		{"both keys", s, protocol.ObjectHead, []protocol.PublicKey{k1, k2}, 2},
		{"one of them and a stranger", s, protocol.ObjectHead, []protocol.PublicKey{k1, k3}, 1},
		{"no keys", s, protocol.ObjectHead, nil, 0},
		{"another kind of object", s, protocol.ObjectIdentity, []protocol.PublicKey{k1, k2}, 0},
		{"another payload", changed, protocol.ObjectHead, []protocol.PublicKey{k1, k2}, 0},
		{"swapped signatures", swapped, protocol.ObjectHead, []protocol.PublicKey{k1, k2}, 0},
	}
	for _, c := range cases {
		if got := c.signed.VerifiedBy(c.object, c.keys...); got != c.want {
			t.Errorf("%s: %d signatures hold, want %d", c.name, got, c.want)
		}
	}
}

func TestSignaturesDoNotChangeTheIdentifier(t *testing.T) {
	a := protocol.Sign(protocol.ObjectHead, []byte{0xa0}, key(1))
	b := protocol.Sign(protocol.ObjectHead, []byte{0xa0}, key(2), key(3))
	if a.ID() != b.ID() || a.ID() != protocol.Sum(protocol.DagCBOR, []byte{0xa0}) {
		t.Errorf("%s and %s", a.ID(), b.ID())
	}
}

func TestASignedObjectReadsBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		payload := rapid.SliceOfN(rapid.Byte(), 1, protocol.MaxObject).Draw(t, "payload")
		n := rapid.IntRange(1, protocol.MaxSignatures).Draw(t, "signatures")
		s := protocol.Signed{}
		for i := range n {
			s = protocol.Signed{Payload: payload, Signatures: append(s.Signatures, protocol.Sign(protocol.ObjectHead, payload, key(byte(i))).Signatures...)}
		}
		data := must(s.Encode())
		back, err := protocol.DecodeSigned(data)
		if err != nil || !bytes.Equal(must(back.Encode()), data) || !bytes.Equal(back.Payload, payload) {
			t.Fatalf("%v", err)
		}
		i := rapid.IntRange(0, len(data)-1).Draw(t, "flip")
		data[i] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if back, err := protocol.DecodeSigned(data); err == nil && holdsAll(back, n) {
			t.Fatalf("a flipped bit at %d goes unnoticed", i)
		}
	})
}

func holdsAll(s protocol.Signed, n int) bool {
	var keys []protocol.PublicKey
	for i := range n {
		keys = append(keys, protocol.PublicKeyOf(key(byte(i))))
	}
	return s.VerifiedBy(protocol.ObjectHead, keys...) == n
}

func TestMalformedSignedObjectsAreRefused(t *testing.T) {
	sig := make([]byte, 64)
	const kid = "0123456789abcdef"
	many := []any{}
	for i := range protocol.MaxSignatures + 1 {
		many = append(many, []any{kid[:15] + string(rune('a'+i)), sig})
	}
	cases := map[string]any{
		"no payload":                  []any{[]byte{}, []any{[]any{kid, sig}}},
		"a payload too large":         []any{make([]byte, protocol.MaxObject+1), []any{[]any{kid, sig}}},
		"no signature":                []any{[]byte{1}, []any{}},
		"too many signatures":         []any{[]byte{1}, many},
		"a key twice":                 []any{[]byte{1}, []any{[]any{kid, sig}, []any{kid, sig}}},
		"a short signature":           []any{[]byte{1}, []any{[]any{kid, sig[:63]}}},
		"a long identifier":           []any{[]byte{1}, []any{[]any{kid + "0", sig}}},
		"an identifier in capitals":   []any{[]byte{1}, []any{[]any{strings.ToUpper(kid), sig}}},
		"an identifier not of hex":    []any{[]byte{1}, []any{[]any{"0123456789abcdeg", sig}}},
		"an identifier of bytes":      []any{[]byte{1}, []any{[]any{[]byte(kid), sig}}},
		"a third element":             []any{[]byte{1}, []any{[]any{kid, sig}}, 1},
		"one element":                 []any{[]byte{1}},
		"a signature of three":        []any{[]byte{1}, []any{[]any{kid, sig, 1}}},
		"a payload of numbers":        []any{[]int{1}, []any{[]any{kid, sig}}},
		"a payload of text":           []any{"x", []any{[]any{kid, sig}}},
		"a payload that is null":      []any{nil, []any{[]any{kid, sig}}},
		"signatures that are null":    []any{[]byte{1}, nil},
		"a signature that is null":    []any{[]byte{1}, []any{nil}},
		"a map":                       map[string]any{"payload": []byte{1}},
		"null":                        nil,
		"a signature of CBOR numbers": []any{[]byte{1}, []any{[]any{kid, make([]int, 64)}}},
	}
	for name, v := range cases {
		if _, err := protocol.DecodeSigned(must(protocol.Marshal(v))); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := protocol.DecodeSigned(make([]byte, 1<<20)); !errors.Is(err, protocol.ErrInvalid) {
		t.Errorf("a megabyte: %v", err)
	}
}

// wellFormed says again what specs/02-signed.md §1 does.
func wellFormed(s protocol.Signed) bool {
	kids := map[protocol.KeyID]bool{}
	for _, sig := range s.Signatures {
		kids[sig.Key] = true
		if len(sig.Bytes) != 64 || len(sig.Key) != 16 || strings.Trim(string(sig.Key), "0123456789abcdef") != "" {
			return false
		}
	}
	n := len(s.Signatures)
	return n >= 1 && n <= protocol.MaxSignatures && len(kids) == n && len(s.Payload) >= 1 && len(s.Payload) <= protocol.MaxObject
}

func FuzzDecodeSigned(f *testing.F) {
	f.Add(must(protocol.Sign(protocol.ObjectHead, []byte{0xa0}, key(1)).Encode()))
	f.Add(must(protocol.Sign(protocol.ObjectIdentity, []byte{0xa0}, key(1), key(2)).Encode()))
	f.Add(must(protocol.Marshal([]any{[]int{1}, []any{[]any{"0123456789abcdef", make([]byte, 64)}}})))
	for _, v := range load(f, "signed.json", 30) {
		f.Add(unhex(v.Bytes))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := protocol.DecodeSigned(data)
		if err != nil {
			var loose protocol.Signed // what may be wrong then is what the type doesn't show
			if protocol.UnmarshalStrict(data, &loose) == nil && wellFormed(loose) {
				t.Fatalf("%x is refused: %v", data, err)
			}
			return
		}
		if !bytes.Equal(must(s.Encode()), data) || len(s.Payload) == 0 || len(s.Payload) > protocol.MaxObject {
			t.Fatalf("%x is accepted", data)
		}
	})
}
