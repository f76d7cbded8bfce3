package protocol_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/ipfs/go-cid"
	"github.com/ipld/go-ipld-prime/codec/dagcbor"
	"github.com/ipld/go-ipld-prime/node/basicnode"
	"github.com/multiformats/go-multihash"
	"github.com/stoa-commerce/stoa/protocol"
	"pgregory.net/rapid"
)

// canonical is the rule that protocol.Check carries out in one pass, done the
// long way: decode anything, look at every value, encode again, compare.
func canonical(data []byte) bool {
	var v any
	if err := anything.Unmarshal(data, &v); err != nil {
		return false
	}
	items := 0
	if !allowed(v, protocol.MaxDepth, &items) || items > protocol.MaxItems {
		return false
	}
	again, err := sorted.Marshal(v)
	return err == nil && bytes.Equal(again, data)
}

var (
	anything = must(cbor.DecOptions{MaxNestedLevels: 1000, MaxArrayElements: 1 << 20, MaxMapPairs: 1 << 20}.DecMode())
	sorted   = must(cbor.EncOptions{Sort: cbor.SortLengthFirst}.EncMode())
)

func allowed(v any, depth int, items *int) bool {
	*items++
	switch v := v.(type) {
	case nil, bool, string, []byte:
		return true
	case uint64:
		return v <= protocol.MaxInt
	case int64:
		return v >= -protocol.MaxInt
	case []any:
		return depth > 0 && allowedList(v, depth-1, items)
	case map[any]any:
		return depth > 0 && allowedMap(v, depth-1, items)
	case cbor.Tag:
		return allowedLink(v)
	}
	return false
}

func allowedList(list []any, depth int, items *int) bool {
	for _, v := range list {
		if !allowed(v, depth, items) {
			return false
		}
	}
	return true
}

func allowedMap(m map[any]any, depth int, items *int) bool {
	for k, v := range m {
		if _, text := k.(string); !text || !allowed(v, depth, items) {
			return false
		}
	}
	return true
}

func allowedLink(t cbor.Tag) bool {
	b, ok := t.Content.([]byte)
	if !ok || t.Number != 42 || len(b) != 37 || b[0] != 0 {
		return false
	}
	c, err := cid.Cast(b[1:])
	if err != nil {
		return false
	}
	p := c.Prefix()
	return p.Version == 1 && p.MhType == multihash.SHA2_256 && p.MhLength == 32 && (p.Codec == cid.Raw || p.Codec == cid.DagCBOR)
}

// checkAgainstOracle fails unless Check and the long way agree and everything
// that Check accepts is read and written the same by the decoder and by another
// implementation of DAG-CBOR.
func checkAgainstOracle(t interface{ Fatalf(string, ...any) }, data []byte) {
	err := protocol.Check(data)
	if (err == nil) != canonical(data) {
		t.Fatalf("%x: Check says %v, decoding and encoding again says %v", data, err, canonical(data))
	}
	if err != nil {
		if !errors.Is(err, protocol.ErrInvalid) {
			t.Fatalf("%x: %v does not wrap ErrInvalid", data, err)
		}
		return
	}
	var v any
	if err := protocol.Unmarshal(data, &v); err != nil {
		t.Fatalf("%x passes Check, decoding says %v", data, err)
	}
	if again := viaPrime(t, data); !bytes.Equal(again, data) {
		t.Fatalf("%x becomes %x in go-ipld-prime", data, again)
	}
}

func viaPrime(t interface{ Fatalf(string, ...any) }, data []byte) []byte {
	nb := basicnode.Prototype.Any.NewBuilder()
	if err := dagcbor.Decode(nb, bytes.NewReader(data)); err != nil {
		t.Fatalf("%x: go-ipld-prime: %v", data, err)
	}
	var out bytes.Buffer
	if err := dagcbor.Encode(nb.Build(), &out); err != nil {
		t.Fatalf("%x: go-ipld-prime: %v", data, err)
	}
	return out.Bytes()
}

// value draws a value of the data model.
func value(depth int) *rapid.Generator[any] {
	scalars := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.String().AsAny(),
		rapid.SliceOfN(rapid.Byte(), 0, 40).AsAny(),
		rapid.Int64Range(-protocol.MaxInt, protocol.MaxInt).AsAny(),
		rapid.Custom(func(t *rapid.T) any {
			codec := rapid.SampledFrom([]protocol.Codec{protocol.Raw, protocol.DagCBOR}).Draw(t, "codec")
			return protocol.Sum(codec, rapid.SliceOfN(rapid.Byte(), 0, 8).Draw(t, "content"))
		}),
	}
	if depth == 0 {
		return rapid.OneOf(scalars...)
	}
	return rapid.OneOf(append(scalars,
		rapid.SliceOfN(value(depth-1), 0, 5).AsAny(),
		rapid.MapOfN(rapid.String(), value(depth-1), 0, 5).AsAny())...)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestWhatWeEncodePassesEveryDecoder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data, err := protocol.Marshal(value(4).Draw(t, "value"))
		if err != nil {
			t.Fatalf("%v", err)
		}
		checkAgainstOracle(t, data)
	})
}

func TestAChangedByteIsJudgedAsByDecodingAndEncodingAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := must(protocol.Marshal(value(3).Draw(t, "value")))
		i := rapid.IntRange(0, len(data)-1).Draw(t, "at")
		switch rapid.IntRange(0, 2).Draw(t, "how") {
		case 0:
			data[i] = rapid.Byte().Draw(t, "byte")
		case 1:
			data = append(data[:i:i], data[i+1:]...)
		case 2:
			data = append(data[:i:i], append([]byte{rapid.Byte().Draw(t, "byte")}, data[i:]...)...)
		}
		checkAgainstOracle(t, data)
	})
}

func FuzzCheck(f *testing.F) {
	for _, seed := range []string{"\xa0", "\xf6", "\x82\x01\x20", "\xa1\x61a\x18\x18", "\xf9\x00\x00", "\x9f\xff", "\xa2\x61b\x01\x61a\x02", "\xd8\x2a\x41\x00"} {
		f.Add([]byte(seed))
	}
	f.Add(must(protocol.Marshal([]any{protocol.Sum(protocol.Raw, nil), map[string]any{"a": -1, "bb": []byte{1}}})))
	for _, v := range load(f, "encoding.json", 70) {
		f.Add(unhex(v.Bytes))
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkAgainstOracle(t, data) })
}
