package thread

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
)

type bodyVector struct {
	Name, Kind, Of, Error, Class string
	Valid, Shopper, Brand        bool
	CBOR, Known                  hexBytes
}

func TestBodyVectors(t *testing.T) {
	eachVector(t, "bodies.json", 100, func(v bodyVector) string { return v.Name }, func(t *testing.T, v bodyVector) {
		switch v.Kind {
		case "body":
			v.body(t)
		case "kind":
			if (ClassOf(v.Of) == Fiscal) != (v.Class == "fiscal") || May(v.Of, false) != v.Shopper || May(v.Of, true) != v.Brand {
				t.Errorf("%s is of class %d", v.Of, ClassOf(v.Of))
			}
		default:
			t.Errorf("kind %s", v.Kind)
		}
	})
}

func (v bodyVector) body(t *testing.T) {
	got, err := DecodeBody(v.Of, v.CBOR)
	verdictOf(t, v.Valid, v.Error, err)
	if !v.Valid {
		return
	}
	want := []byte(v.CBOR)
	if v.Known != nil {
		want = v.Known
	}
	if again := must(EncodeBody(v.Of, got)); !bytes.Equal(again, want) {
		t.Errorf("encodes to %x", again)
	}
}

func TestABodyOfAnotherKindIsNotEncoded(t *testing.T) {
	for _, c := range []struct {
		kind string
		body any
	}{{KindText, &Card{Product: "tea"}}, {KindText, nil}, {KindText, Text{Text: "by value"}}, {KindErase, &Text{Text: "a"}}} {
		if _, err := EncodeBody(c.kind, c.body); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%s from %T: %v", c.kind, c.body, err)
		}
	}
}

func TestALongBodyIsRefused(t *testing.T) {
	long := fmt.Appendf(nil, "%s", bytes.Repeat([]byte{'a'}, MaxBody))
	data := must(protocol.Marshal(map[string]any{"text": "a", "x": long}))
	if _, err := DecodeBody(KindText, data); !errors.Is(err, protocol.ErrInvalid) {
		t.Errorf("%d bytes: %v", len(data), err)
	}
}
