package main

import (
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
)

// encodingVectors makes the cases of specs/01-encoding.md §7.
func encodingVectors() (any, error) {
	cases := append(cborValid(), cborInvalid()...)
	cases = append(cases, cborLimits()...)
	cases = append(cases, cidVectors()...)
	return vecSet{"01-encoding", "Canonical DAG-CBOR and content identifiers; specs/01-encoding.md §7 says what each kind holds.", cases}, nil
}

func cborValid() []vec {
	link := protocol.Sum(protocol.Raw, []byte("stoa"))
	linked := vec{"link": link.String()}
	values := []struct {
		name  string
		in    any
		value any
	}{
		{"null", nil, nil},
		{"true", true, true},
		{"false", false, false},
		{"zero", 0, 0},
		{"23 in one byte", 23, 23},
		{"24 in two bytes", 24, 24},
		{"255", 255, 255},
		{"256", 256, 256},
		{"65536", 65536, 65536},
		{"2^32", 1 << 32, 1 << 32},
		{"the largest integer", int64(protocol.MaxInt), int64(protocol.MaxInt)},
		{"minus one", -1, -1},
		{"the smallest integer", int64(-protocol.MaxInt), int64(-protocol.MaxInt)},
		{"empty text", "", ""},
		{"text", "Übergröße 茶 🍵", "Übergröße 茶 🍵"},
		{"text is not normalised", "e\u0301", "e\u0301"},
		{"empty bytes", []byte{}, vec{"bytes": ""}},
		{"bytes", []byte{0, 0xff}, vec{"bytes": "00ff"}},
		{"empty list", []any{}, []any{}},
		{"list", []any{1, "a", nil}, []any{1, "a", nil}},
		{"empty map", map[string]any{}, vec{"map": vec{}}},
		{"keys by length, then by bytes", map[string]any{"b": 1, "aa": 2, "a": 3, "é": 4, "": 5}, vec{"map": vec{"b": 1, "aa": 2, "a": 3, "é": 4, "": 5}}},
		{"a link", link, linked},
		{"a link in a map", map[string]any{"x": link}, vec{"map": vec{"x": linked}}},
	}
	var cases []vec
	for _, v := range values {
		cases = append(cases, vec{"name": v.name, "kind": "cbor", "valid": true, "bytes": hexed(sure(protocol.Marshal(v.in))), "value": v.value})
	}
	return cases
}

func cborInvalid() []vec {
	sum := hexed(protocol.Sum(protocol.Raw, nil).Bytes())
	list := [][3]string{
		{"nothing", "early", ""},
		{"a list cut off", "early", "8201"},
		{"a length longer than the input", "early", "5bffffffffffffffff00"},
		{"a map without its last value", "early", "a26161016162"},
		{"two values", "trailing", "0101"},
		{"zero in two bytes", "shortest", "1800"},
		{"23 in two bytes", "shortest", "1817"},
		{"255 in three bytes", "shortest", "1900ff"},
		{"65535 in five bytes", "shortest", "1a0000ffff"},
		{"2^32−1 in nine bytes", "shortest", "1b00000000ffffffff"},
		{"a long length of text", "shortest", "780161"},
		{"a long length of a list", "shortest", "980101"},
		{"a long tag", "shortest", "d9002a5825" + "00" + sum},
		{"an integer of 2^53", "integer", "1b0020000000000000"},
		{"an integer of −2^53", "integer", "3b001fffffffffffff"},
		{"an integer of 2^64−1", "integer", "1bffffffffffffffff"},
		{"indefinite bytes", "length", "5f4101ff"},
		{"indefinite text", "length", "7f6161ff"},
		{"an indefinite list", "length", "9f01ff"},
		{"an indefinite map", "length", "bf616101ff"},
		{"a reserved length", "length", "1c"},
		{"a half float", "simple", "f93c00"},
		{"a single float", "simple", "fa3f800000"},
		{"a double float", "simple", "fb3ff0000000000000"},
		{"undefined", "simple", "f7"},
		{"a simple value", "simple", "e0"},
		{"a simple value of two bytes", "simple", "f8ff"},
		{"a break alone", "simple", "ff"},
		{"text that is not UTF-8", "utf8", "61ff"},
		{"text with a surrogate", "utf8", "63eda080"},
		{"text with an overlong form", "utf8", "62c080"},
		{"a key that is a number", "key", "a10101"},
		{"a key that is bytes", "key", "a1416101"},
		{"a key that is not UTF-8", "utf8", "a161ff01"},
		{"a key twice", "order", "a2616101616102"},
		{"keys out of order", "order", "a2616201616102"},
		{"a longer key first", "order", "a262616101616202"},
		{"a date tag", "tag", "c11a00000000"},
		{"a big number", "tag", "c249010000000000000000"},
		{"the self-describing tag", "tag", "d9d9f700"},
		{"a link of text", "link", "d82a7825" + "00" + strings.Repeat("61", 36)},
		{"a link without its zero byte", "link", "84d82a5824" + sum + "000000"},
		{"a link that begins with one", "link", "d82a5825" + "01" + sum},
		{"a link to SHA-512", "link", "d82a582500" + "01551320" + sum[8:]},
		{"a link to dag-pb", "link", "d82a582500" + "01701220" + sum[8:]},
		{"a link of version 0", "link", "84d82a582300" + "1220" + sum[8:] + "000000"},
	}
	var cases []vec
	for _, c := range list {
		cases = append(cases, vec{"name": c[0], "kind": "cbor", "valid": false, "error": c[1], "bytes": c[2]})
	}
	return cases
}

// cborLimits uses "repeat": that many times more bytes after "bytes".
func cborLimits() []vec {
	repeat := func(unit string, times int) vec { return vec{"hex": unit, "times": times} }
	base := vec{"kind": "cbor"}
	return []vec{
		base.with(vec{"name": "16 lists in each other", "valid": true, "bytes": strings.Repeat("81", 16) + "00"}),
		base.with(vec{"name": "17 lists in each other", "valid": false, "error": "depth", "bytes": strings.Repeat("81", 17) + "00"}),
		base.with(vec{"name": "16 maps in each other and a link", "valid": true, "bytes": strings.Repeat("a16161", 16) + "d82a582500" + hexed(protocol.Sum(protocol.Raw, nil).Bytes())}),
		base.with(vec{"name": "17 maps in each other", "valid": false, "error": "depth", "bytes": strings.Repeat("a16161", 17) + "00"}),
		base.with(vec{"name": "16,384 values", "valid": true, "bytes": "993fff", "repeat": repeat("00", 16383)}),
		base.with(vec{"name": "16,385 values", "valid": false, "error": "count", "bytes": "994000", "repeat": repeat("00", 16384)}),
	}
}

func cidVectors() []vec {
	var cases []vec
	for _, content := range []string{"", "stoa"} {
		for codec, name := range map[protocol.Codec]string{protocol.Raw: "raw", protocol.DagCBOR: "dag-cbor"} {
			c := protocol.Sum(codec, []byte(content))
			cases = append(cases, vec{
				"name": name + " of " + hexed([]byte(content)), "kind": "cid", "valid": true, "codec": name,
				"content": hexed([]byte(content)), "text": c.String(), "binary": hexed(c.Bytes()),
			})
		}
	}
	good := protocol.Sum(protocol.Raw, nil).String()
	for _, c := range [][2]string{
		{"upper case", "B" + strings.ToUpper(good[1:])},
		{"base58", "zb2rhmy65F3REf8SZp7De11gxtECBGgUKaLdiDj7MCGCHxbDW"},
		{"version 0", "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n"},
		{"too short", good[:58]},
		{"too long", good + "a"},
		{"stray bits at the end", good[:58] + string(good[58]+1)},
		{"padding", good[:58] + "="},
		{"a digit that base32 lacks", good[:58] + "1"},
		{"nothing", ""},
	} {
		cases = append(cases, vec{"name": c[0], "kind": "cid", "valid": false, "error": "cid", "text": c[1]})
	}
	return sortedByName(cases)
}
