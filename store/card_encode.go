package store

import (
	"encoding/binary"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// append appends what protocol.Marshal makes of the card: a full build makes one of
// every product, and looking up its fields by reflection took a tenth of that.
func (c Card) append(b []byte) []byte {
	at := len(b)
	b = append(b, cborMap)
	n := byte(8) // those that are never left out
	text := func(key, value string) {
		if value != "" {
			b = appendText(appendText(b, key), value)
			n++
		}
	}
	picture := func(key string, ref *catalog.MediaRef) {
		if ref != nil {
			b = appendPicture(appendText(b, key), *ref)
			n++
		}
	}
	b = appendMoney(appendText(b, "low"), c.Low)
	b = appendMoney(appendText(b, "high"), c.High)
	text("kind", c.Kind)
	if len(c.Tags) > 0 {
		b = appendTexts(appendText(b, "tags"), c.Tags)
		n++
	}
	b = appendText(appendText(b, "title"), c.Title)
	b = appendText(appendText(b, "handle"), string(c.Handle))
	picture("second", c.Second)
	text("vendor", c.Vendor)
	picture("picture", c.Picture)
	b = appendInteger(appendText(b, "updated"), int64(c.Updated))
	b = appendInteger(appendText(b, "variants"), int64(c.Variants))
	if c.CompareAt != nil {
		b = appendMoney(appendText(b, "compareAt"), *c.CompareAt)
		n++
	}
	b = appendInteger(appendText(b, "published"), int64(c.Published))
	b = appendText(appendText(b, "availability"), string(c.Availability))
	b[at] += n
	return b
}

// First bytes of CBOR items (RFC 8949 §3.1).
const (
	cborNegative = 1 << 5
	cborText     = 3 << 5
	cborArray    = 4 << 5
	cborMap      = 5 << 5
)

// appendHead appends the head of an item in its shortest form.
func appendHead(b []byte, major byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(b, major|byte(n))
	case n < 1<<8:
		return append(b, major|24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, major|25), uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32(append(b, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, major|27), n)
}

func appendText(b []byte, s string) []byte {
	return append(appendHead(b, cborText, uint64(len(s))), s...)
}

func appendTexts(b []byte, list []string) []byte {
	b = appendHead(b, cborArray, uint64(len(list)))
	for _, s := range list {
		b = appendText(b, s)
	}
	return b
}

func appendInteger(b []byte, n int64) []byte {
	if n < 0 {
		return appendHead(b, cborNegative, uint64(-1-n))
	}
	return appendHead(b, 0, uint64(n))
}

func appendMoney(b []byte, m protocol.Money) []byte {
	return appendText(appendInteger(append(b, cborArray|2), m.Minor), string(m.Currency))
}

func appendPicture(b []byte, ref catalog.MediaRef) []byte {
	if ref.Alt == "" {
		b = append(b, cborMap|1)
	} else {
		b = appendText(appendText(append(b, cborMap|2), "alt"), ref.Alt)
	}
	link, _ := ref.Blob.MarshalCBOR() // never fails
	return append(appendText(b, "blob"), link...)
}
