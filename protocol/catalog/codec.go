package catalog

import (
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
)

// Encode validates r and returns its canonical bytes, at most protocol.MaxRecord.
func Encode(r Record) ([]byte, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	data, err := protocol.Marshal(r)
	if err != nil {
		return nil, err
	}
	if err := CheckForm(r.Path(), data); err != nil {
		return nil, err
	}
	return data, nil
}

// CheckForm reports whether data may stand at path in a catalog: a path of the
// grammar, at most protocol.MaxRecord bytes, one canonical DAG-CBOR item. It
// looks at no type, so that newer records pass through older nodes. Errors wrap
// ErrForm and protocol.ErrInvalid.
func CheckForm(path protocol.Path, data []byte) error {
	if _, err := protocol.ParsePath(string(path)); err != nil {
		return malformed(path, err)
	}
	if len(data) > protocol.MaxRecord {
		return malformed(path, protocol.Invalid("size", "%d bytes, allowed are %d", len(data), protocol.MaxRecord))
	}
	if err := protocol.Check(data); err != nil {
		return malformed(path, err)
	}
	return nil
}

// Decode reads the record at path. Errors wrap ErrForm for bytes that no catalog
// may hold, ErrUnknownType for a type or version this implementation doesn't
// know, and ErrMeaning for a record that breaks a rule of its type. Fields that
// a type doesn't have are ignored.
func Decode(path protocol.Path, data []byte) (Record, error) {
	if err := CheckForm(path, data); err != nil {
		return nil, err
	}
	return DecodeChecked(path, data)
}

// DecodeChecked is Decode for bytes that CheckForm accepted before, at the same
// path.
func DecodeChecked(path protocol.Path, data []byte) (Record, error) {
	r, err := read(path, data)
	if err != nil {
		return nil, err
	}
	if err := r.Validate(); err != nil {
		return nil, fmt.Errorf("record %q: %w", path, err)
	}
	if r.Path() != path {
		return nil, fmt.Errorf("record %q: belongs at %q: %w: %w", path, r.Path(), ErrMeaning, protocol.ErrInvalid)
	}
	return r, nil
}

// read decodes the record without looking at the rules of its type.
func read(path protocol.Path, data []byte) (Record, error) {
	if r := quickly(path, data); r != nil {
		return r, nil
	}
	return slowly(path, data)
}

// slowly decodes a record of any type.
func slowly(path protocol.Path, data []byte) (Record, error) {
	r, err := typed(path, data)
	if err != nil {
		return nil, err
	}
	if err := protocol.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("record %q: %w: %w", path, ErrMeaning, err)
	}
	return r, nil
}

// typed returns an empty record of the type and version that data names.
func typed(path protocol.Path, data []byte) (Record, error) {
	var h Header
	if err := protocol.Unmarshal(data, &h); err != nil {
		return nil, fmt.Errorf("record %q: no type: %w: %w", path, ErrUnknownType, err)
	}
	r := newRecord(h.Type)
	if r == nil || h.V != Version {
		return nil, fmt.Errorf("record %q: type %.40q, version %d: %w", path, h.Type, h.V, ErrUnknownType)
	}
	return r, nil
}

func newRecord(t Type) Record {
	switch t {
	case TypeProfile:
		return new(Profile)
	case TypeProduct:
		return new(Product)
	case TypeOffer:
		return new(Offer)
	case TypeCollection:
		return new(Collection)
	case TypePage:
		return new(Page)
	case TypePost:
		return new(Post)
	case TypeMedia:
		return new(Media)
	case TypePrekey:
		return new(Prekey)
	}
	return nil
}

// HeaderOf returns the header of a new record.
func HeaderOf(t Type) Header { return Header{Type: t, V: Version} }
