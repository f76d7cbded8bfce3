package kv

import "bytes"

// Range is the keys k with Start ≤ k < End. A nil Start is the beginning, a
// nil End has no upper bound; the zero Range is everything.
type Range struct {
	Start []byte
	End   []byte
}

// ScanOptions say how to walk a Range. The zero value walks all of it upwards.
type ScanOptions struct {
	Reverse  bool // from the last key down to the first
	Limit    int  // yield at most so many items; 0 is no limit
	KeysOnly bool // leave Item.Value nil
}

// Prefix is the range of the keys that begin with p.
func Prefix(p []byte) Range {
	return Range{Start: bytes.Clone(p), End: successor(p)}
}

// After narrows r to the keys after key: the next page of an upward scan.
func (r Range) After(key []byte) Range {
	next := append(bytes.Clone(key), 0)
	if bytes.Compare(next, r.Start) > 0 {
		r.Start = next
	}
	return r
}

// From narrows r to key and the keys after it.
func (r Range) From(key []byte) Range {
	if bytes.Compare(key, r.Start) > 0 {
		r.Start = bytes.Clone(key)
	}
	return r
}

// Before narrows r to the keys before key: the next page of a downward scan.
func (r Range) Before(key []byte) Range {
	if r.End == nil || bytes.Compare(key, r.End) < 0 {
		r.End = append([]byte{}, key...)
	}
	return r
}

// Contains says whether key lies in r.
func (r Range) Contains(key []byte) bool {
	return bytes.Compare(key, r.Start) >= 0 && (r.End == nil || bytes.Compare(key, r.End) < 0)
}

// Empty says whether r can hold no key.
func (r Range) Empty() bool {
	return r.End != nil && bytes.Compare(r.Start, r.End) >= 0
}

// successor is the first key after all keys with prefix p, nil if none is.
func successor(p []byte) []byte {
	for i := len(p) - 1; i >= 0; i-- {
		if p[i] != 0xff {
			s := bytes.Clone(p[:i+1])
			s[i]++
			return s
		}
	}
	return nil
}

// CheckKey returns ErrBadKey if key has a length no engine accepts.
func CheckKey(key []byte) error {
	if len(key) == 0 || len(key) > MaxKey {
		return ErrBadKey
	}
	return nil
}
