package protocol

import (
	"bytes"
	"unicode/utf8"
)

// Check reports whether data is exactly one canonical DAG-CBOR item within the
// limits. It accepts the same inputs as decoding, re-encoding and comparing the
// bytes would (specs/01-encoding.md), in one pass and without allocating.
func Check(data []byte) error {
	c := checker{data: data, items: MaxItems}
	if err := c.item(MaxDepth); err != nil {
		return err
	}
	if c.pos != len(data) {
		return Invalid("cbor", "%d bytes follow the value", len(data)-c.pos)
	}
	return nil
}

type checker struct {
	data  []byte
	pos   int
	items int
}

// CBOR major types (RFC 8949 §3.1).
const (
	majorUint = iota
	majorNegative
	majorBytes
	majorText
	majorArray
	majorMap
	majorTag
	majorSimple
)

func (c *checker) item(depth int) error {
	if c.items--; c.items < 0 {
		return Invalid("cbor", "more than %d values", MaxItems)
	}
	major, arg, err := c.head()
	if err != nil {
		return err
	}
	switch major {
	case majorUint, majorNegative:
		return c.integer(major, arg)
	case majorBytes:
		_, err = c.take(arg)
		return err
	case majorText:
		return c.text(arg)
	case majorArray, majorMap:
		return c.container(major, arg, depth-1)
	case majorTag:
		return c.link(arg)
	}
	return nil
}

// head reads one initial byte with its argument and refuses longer forms than
// needed, indefinite lengths, floats and simple values beside false, true, null.
func (c *checker) head() (major byte, arg uint64, err error) {
	b, err := c.take(1)
	if err != nil {
		return 0, 0, err
	}
	major, info := b[0]>>5, b[0]&31
	if major == majorSimple {
		if info < 20 || info > 22 {
			return 0, 0, Invalid("cbor", "floats and simple values other than false, true and null are not allowed (0x%02x at byte %d)", b[0], c.pos-1)
		}
		return major, uint64(info), nil
	}
	if info < 24 {
		return major, uint64(info), nil
	}
	if info > 27 {
		return 0, 0, Invalid("cbor", "indefinite or reserved length at byte %d", c.pos-1)
	}
	arg, err = c.argument(1 << (info - 24))
	return major, arg, err
}

func (c *checker) argument(size int) (uint64, error) {
	b, err := c.take(uint64(size))
	if err != nil {
		return 0, err
	}
	var arg uint64
	for _, x := range b {
		arg = arg<<8 | uint64(x)
	}
	if size == 1 && arg < 24 || size > 1 && arg>>(size*4) == 0 {
		return 0, Invalid("cbor", "number not in its shortest form at byte %d", c.pos-size-1)
	}
	return arg, nil
}

func (c *checker) take(n uint64) ([]byte, error) {
	if n > uint64(len(c.data)-c.pos) {
		return nil, Invalid("cbor", "ends early at byte %d", len(c.data))
	}
	b := c.data[c.pos : c.pos+int(n)]
	c.pos += int(n)
	return b, nil
}

func (c *checker) integer(major byte, arg uint64) error {
	if major == majorNegative && arg < MaxInt || major == majorUint && arg <= MaxInt {
		return nil
	}
	return Invalid("cbor", "integer beyond ±(2^53−1) before byte %d", c.pos)
}

// expect reads the head of an item of the major type and returns its argument.
func (c *checker) expect(want byte) (uint64, error) {
	major, arg, err := c.head()
	if err == nil && major != want {
		err = Invalid("cbor", "another type than expected before byte %d", c.pos)
	}
	return arg, err
}

func (c *checker) array(n uint64) error {
	got, err := c.expect(majorArray)
	if err == nil && got != n {
		err = Invalid("cbor", "array of %d instead of %d before byte %d", got, n, c.pos)
	}
	return err
}

// string reads a string of bytes or a text, whose end is capped.
func (c *checker) string(major byte) ([]byte, error) {
	n, err := c.expect(major)
	if err != nil {
		return nil, err
	}
	start := c.pos
	if major == majorText {
		err = c.text(n)
	} else {
		_, err = c.take(n)
	}
	return c.data[start:c.pos:c.pos], err
}

func (c *checker) text(n uint64) error {
	b, err := c.take(n)
	if err == nil && !utf8.Valid(b) {
		err = Invalid("cbor", "text is not UTF-8 before byte %d", c.pos)
	}
	return err
}

func (c *checker) container(major byte, n uint64, depth int) error {
	if depth < 0 {
		return Invalid("cbor", "nested deeper than %d", MaxDepth)
	}
	var last []byte
	for i := uint64(0); i < n; i++ {
		if major == majorMap {
			key, err := c.key()
			if err != nil {
				return err
			}
			if i > 0 && !keyLess(last, key) {
				return Invalid("cbor", "map key %q is out of order or twice", clip(string(key), 64))
			}
			last = key
		}
		if err := c.item(depth); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) key() ([]byte, error) {
	major, n, err := c.head()
	if err != nil {
		return nil, err
	}
	if major != majorText {
		return nil, Invalid("cbor", "map key is not text before byte %d", c.pos)
	}
	start := c.pos
	if err := c.text(n); err != nil {
		return nil, err
	}
	return c.data[start:c.pos], nil
}

func keyLess(a, b []byte) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return bytes.Compare(a, b) < 0
}

func (c *checker) link(tag uint64) error {
	if tag != 42 {
		return Invalid("cbor", "tag %d is not allowed", tag)
	}
	start := c.pos - 2
	if _, err := c.take(3 + CIDSize); err != nil {
		return err
	}
	var link CID
	return link.UnmarshalCBOR(c.data[start:c.pos])
}
