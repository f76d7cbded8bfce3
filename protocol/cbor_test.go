package protocol_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
)

func TestMarshalRefusesWhatItWouldNotRead(t *testing.T) {
	cases := map[string]any{
		"a float":               1.5,
		"an integer too large":  uint64(protocol.MaxInt + 1),
		"an integer too small":  int64(math.MinInt64),
		"text that isn't UTF-8": "\xff",
		"keys that aren't text": map[int]int{1: 1},
		"too deep":              nest(protocol.MaxDepth + 1),
		"too many values":       make([]int, protocol.MaxItems),
	}
	for name, v := range cases {
		if b, err := protocol.Marshal(v); err == nil {
			t.Errorf("%s: encoded as %x", name, b)
		}
	}
}

func TestLimitsOfNestingAndCountAreExact(t *testing.T) {
	for name, v := range map[string]any{
		"nesting": nest(protocol.MaxDepth),
		"count":   make([]int, protocol.MaxItems-1),
	} {
		if _, err := protocol.Marshal(v); err != nil {
			t.Errorf("%s at the limit: %v", name, err)
		}
	}
}

func nest(depth int) any {
	var v any = 1
	for range depth {
		v = []any{v}
	}
	return v
}

func TestALyingLengthCostsNothing(t *testing.T) {
	for _, head := range []string{"\x9b", "\xbb", "\x5b", "\x7b"} {
		data := []byte(head + "\x00\x1f\xff\xff\xff\xff\xff\xff")
		allocs := testing.AllocsPerRun(1, func() { _ = protocol.Check(data) })
		if err := protocol.Check(data); err == nil || allocs > 20 {
			t.Errorf("%x: %v, %v allocations", data, err, allocs)
		}
	}
}

func TestCheckAllocatesNothingOnGoodData(t *testing.T) {
	data := must(protocol.Marshal(map[string]any{"a": []any{1, "b", protocol.Sum(protocol.Raw, nil)}, "b": nil}))
	if n := testing.AllocsPerRun(20, func() { _ = protocol.Check(data) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAClosedObjectHasOneEncoding(t *testing.T) {
	type closed struct {
		A uint64       `cbor:"a"`
		B []byte       `cbor:"b"`
		C string       `cbor:"c,omitempty"`
		D protocol.CID `cbor:"d,omitzero"`
	}
	good := map[string]any{"a": 1, "b": []byte{1, 2}}
	cases := []struct {
		name   string
		change map[string]any
		valid  bool
	}{
		{"as it is", nil, true},
		{"an optional field", map[string]any{"c": "x"}, true},
		{"an unknown field", map[string]any{"x": 1}, false},
		{"an optional field that is empty", map[string]any{"c": ""}, false},
		{"an optional field that is null", map[string]any{"d": nil}, false},
		{"bytes as a list of numbers", map[string]any{"b": []int{1, 2}}, false},
		{"bytes as text", map[string]any{"b": "12"}, false},
		{"a number that is null", map[string]any{"a": nil}, false},
		{"a name in another case", map[string]any{"C": "x"}, false},
	}
	for _, c := range cases {
		m := map[string]any{}
		for _, from := range []map[string]any{good, c.change} {
			for k, v := range from {
				m[k] = v
			}
		}
		var got closed
		err := protocol.UnmarshalStrict(must(protocol.Marshal(m)), &got)
		if (err == nil) != c.valid || err != nil && !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	var got closed
	if err := protocol.UnmarshalStrict(must(protocol.Marshal(map[string]any{"a": 1})), &got); err == nil {
		t.Error("a missing field is accepted")
	}
}

func TestAnOpenObjectIgnoresFieldsItDoesNotKnow(t *testing.T) {
	var got struct {
		A int `cbor:"a"`
	}
	data := must(protocol.Marshal(map[string]any{"a": 1, "new": []string{"x"}}))
	if err := protocol.Unmarshal(data, &got); err != nil || got.A != 1 {
		t.Fatal(err, got)
	}
}

func TestKeysAreOrderedByLengthAndThenByBytes(t *testing.T) {
	data := must(protocol.Marshal(map[string]int{"b": 1, "aa": 2, "a": 3, "é": 4}))
	var at []int
	for _, key := range []string{"\x61a", "\x61b", "\x62aa", "\x62é"} {
		at = append(at, strings.Index(string(data), key))
	}
	if !slices.IsSorted(at) || at[0] < 0 {
		t.Errorf("%x: keys at %v", data, at)
	}
}
