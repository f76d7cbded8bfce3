package thread

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
)

// Code is a shopper's recovery code: 128 random bits from which everything that
// must outlive a browser is derived. It never leaves the shopper's devices.
type Code [16]byte

// crockford is Douglas Crockford's base32: no I, L, O and U.
var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// likeDigits maps what people write or hear for other characters.
var likeDigits = strings.NewReplacer("O", "0", "I", "1", "L", "1", "-", "", " ", "")

// String returns the code with a check byte in seven groups of four:
// "0000-0000-…". 17 bytes make 28 characters.
func (c Code) String() string {
	sum := sha256.Sum256(c[:])
	text := crockford.EncodeToString(append(c[:], sum[0]))
	var groups []string
	for len(text) > 4 {
		groups, text = append(groups, text[:4]), text[4:]
	}
	return strings.Join(append(groups, text), "-")
}

// ParseCode reads a code as people type it: any case, with or without hyphens and
// spaces, O for 0, I and L for 1. A wrong character is found by the check byte,
// but for one in 256.
func ParseCode(s string) (Code, error) {
	if len(s) > 80 {
		return Code{}, protocol.Invalid("recovery code", "too long")
	}
	plain := likeDigits.Replace(strings.ToUpper(strings.TrimSpace(s)))
	b, err := crockford.DecodeString(plain)
	if err != nil || len(b) != len(Code{})+1 || crockford.EncodeToString(b) != plain {
		return Code{}, protocol.Invalid("recovery code", "not 28 characters of 0-9 and A-Z without I, L, O and U")
	}
	c := Code(b[:16])
	if sum := sha256.Sum256(c[:]); sum[0] != b[16] {
		return Code{}, protocol.Invalid("recovery code", "mistyped: its check doesn't hold")
	}
	return c, nil
}
