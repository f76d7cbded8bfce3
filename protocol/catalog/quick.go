package catalog

import (
	"math"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
)

// quick reads products and offers, of which catalogs consist, without looking up
// their fields by reflection. The bytes are canonical: they were checked before.
// Whatever is rare or not as expected makes it odd, and the record is then read in
// the general way, which decides; so both give the same.
type quick struct {
	data string // the texts that are read share its memory
	pos  int
	odd  bool
}

// quickly returns the product or offer that data holds, nil if it is odd.
func quickly(path protocol.Path, data []byte) Record {
	if len(data) > maxQuick {
		return nil
	}
	q := quick{data: string(data)}
	var r Record
	var h Header
	switch {
	case strings.HasPrefix(string(path), string(TypeProduct)+"/"):
		p := q.product()
		r, h = p, p.Header
	case strings.HasPrefix(string(path), string(TypeOffer)+"/"):
		o := q.offer()
		r, h = o, o.Header
	default:
		return nil
	}
	if q.odd || q.pos != len(q.data) || h.V != Version || !strings.HasPrefix(string(path), string(h.Type)+"/") {
		return nil
	}
	return r
}

// maxQuick bounds what a text that is kept from a record can hold on to, in bytes.
const maxQuick = 64 << 10

// CBOR major types (RFC 8949 §3.1).
const (
	majorUint     = 0
	majorNegative = 1
	majorBytes    = 2
	majorText     = 3
	majorArray    = 4
	majorMap      = 5
	majorTag      = 6
)

// head reads the head of an item.
func (q *quick) head() (major byte, arg uint64) {
	b := q.take(1)
	if q.odd {
		return 0, 0
	}
	major, arg = b[0]>>5, uint64(b[0]&31)
	if arg < 24 {
		return major, arg
	}
	if arg > 27 {
		q.odd = true
		return major, 0
	}
	more := q.take(1 << (arg - 24))
	arg = 0
	for i := range len(more) {
		arg = arg<<8 | uint64(more[i])
	}
	return major, arg
}

func (q *quick) take(n uint64) string {
	if q.odd || n > uint64(len(q.data)-q.pos) {
		q.odd = true
		return ""
	}
	s := q.data[q.pos : q.pos+int(n)]
	q.pos += int(n)
	return s
}

// expect reads the head of an item of a major type.
func (q *quick) expect(want byte) uint64 {
	major, arg := q.head()
	if major != want {
		q.odd = true
	}
	return arg
}

func (q *quick) text() string { return q.take(q.expect(majorText)) }

func (q *quick) integer() int64 {
	major, arg := q.head()
	if arg > protocol.MaxInt || major > majorNegative {
		q.odd = true
		return 0
	}
	if major == majorNegative {
		return -1 - int64(arg)
	}
	return int64(arg)
}

// small reads an integer that fits an int of 32 bits.
func (q *quick) small() int {
	n := q.integer()
	if n < 0 || n > math.MaxInt32 {
		q.odd = true
	}
	return int(n)
}

// yes reads true; a false is left out of records.
func (q *quick) yes() bool {
	b := q.take(1)
	q.odd = q.odd || b != "\xf5"
	return !q.odd
}

func (q *quick) link() protocol.CID {
	if q.expect(majorTag) != 42 || q.expect(majorBytes) != protocol.CIDSize+1 || q.take(1) != "\x00" {
		q.odd = true
	}
	cid, err := protocol.CIDFromBytes([]byte(q.take(protocol.CIDSize)))
	if err != nil {
		q.odd = true
	}
	return cid
}

// fields reads a map: field reads the value of a key, and reports whether it knows
// the key.
func (q *quick) fields(field func(key string) bool) {
	for n := q.expect(majorMap); n > 0 && !q.odd; n-- {
		if !field(q.text()) {
			q.odd = true
		}
	}
}

// list reads an array that isn't empty.
func list[T any](q *quick, item func(*T)) []T {
	n := q.expect(majorArray)
	if n == 0 || n > uint64(len(q.data)-q.pos) {
		q.odd = true
	}
	if q.odd {
		return nil
	}
	out := make([]T, n)
	for i := range out {
		item(&out[i])
	}
	return out
}

func (q *quick) texts() []string { return list(q, func(s *string) { *s = q.text() }) }

// table reads a map, by texts, that isn't empty.
func table[K ~string, V any](q *quick, value func(*V)) map[K]V {
	out := map[K]V{}
	q.fields(func(key string) bool {
		var v V
		value(&v)
		out[K(key)] = v
		return true
	})
	q.odd = q.odd || len(out) == 0
	return out
}
