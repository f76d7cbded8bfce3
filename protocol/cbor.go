package protocol

import (
	"bytes"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// Marshal returns the canonical DAG-CBOR form of v: definite lengths, shortest
// heads, map keys sorted by length and then by bytes, no floats. v is one of our
// own types; a result that would not pass Check is an error, never bytes.
func Marshal(v any) ([]byte, error) {
	b, err := encMode.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	if err := Check(b); err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	return b, nil
}

// Unmarshal checks that data is canonical DAG-CBOR within the limits and decodes
// it into v. Fields that v doesn't know are ignored: records grow.
func Unmarshal(data []byte, v any) error { return unmarshal(decMode, data, v) }

// UnmarshalStrict is Unmarshal for objects with a closed set of fields (heads,
// identity operations). What was decoded must encode to the same bytes, so that
// unknown fields, null or empty ones that should be absent and values of another
// type are errors.
func UnmarshalStrict(data []byte, v any) error {
	if err := unmarshal(strictMode, data, v); err != nil {
		return err
	}
	again, err := encMode.Marshal(v) // not checked: data is
	if err != nil {
		return fmt.Errorf("encode %T: %w", v, err)
	}
	if !bytes.Equal(again, data) {
		return Invalid("cbor", "a field is missing, null, empty or of the wrong type")
	}
	return nil
}

func unmarshal(mode cbor.DecMode, data []byte, v any) error {
	if err := Check(data); err != nil {
		return err
	}
	if err := mode.Unmarshal(data, v); err != nil {
		return Invalid("cbor", "%v", err)
	}
	return nil
}

var (
	encMode    = must(cbor.EncOptions{Sort: cbor.SortLengthFirst, IndefLength: cbor.IndefLengthForbidden, NilContainers: cbor.NilContainerAsEmpty}.EncMode())
	decMode    = must(decOptions.DecMode())
	strictMode = must(strictOptions().DecMode())
)

var decOptions = cbor.DecOptions{
	DupMapKey:         cbor.DupMapKeyEnforcedAPF,
	IndefLength:       cbor.IndefLengthForbidden,
	IntDec:            cbor.IntDecConvertSignedOrFail,
	MaxNestedLevels:   MaxDepth,
	MaxArrayElements:  MaxItems,
	MaxMapPairs:       MaxItems,
	FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
}

func strictOptions() cbor.DecOptions {
	o := decOptions
	o.ExtraReturnErrors = cbor.ExtraDecErrorUnknownField
	return o
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
