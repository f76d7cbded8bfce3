package protocol

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// Codec says how the bytes behind a CID are to be read.
type Codec byte

// The two codecs Stoa uses, by their multicodec numbers.
const (
	Raw     Codec = 0x55
	DagCBOR Codec = 0x71
)

// CIDSize is the binary length of every CID in bytes.
const CIDSize = 36

// CID is a content identifier: version 1, sha2-256, codec raw or dag-cbor. It is
// comparable and usable as a map key. The zero value is no CID.
type CID struct {
	codec  Codec
	digest [sha256.Size]byte
}

var cidEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Sum returns the CID of data under the codec.
func Sum(codec Codec, data []byte) CID {
	return CID{codec: codec, digest: sha256.Sum256(data)}
}

// CIDFromDigest builds the CID of content whose SHA-256 is already known.
func CIDFromDigest(codec Codec, digest [sha256.Size]byte) CID {
	return CID{codec: codec, digest: digest}
}

// CIDFromBytes reads a binary CID. Anything but CIDv1 with sha2-256 and the
// codecs raw and dag-cbor is refused.
func CIDFromBytes(b []byte) (CID, error) {
	if len(b) != CIDSize || b[0] != 1 || b[2] != 0x12 || b[3] != 0x20 {
		return CID{}, Invalid("cid", "not a version 1 sha2-256 identifier of %d bytes", CIDSize)
	}
	codec := Codec(b[1])
	if codec != Raw && codec != DagCBOR {
		return CID{}, Invalid("cid", "codec 0x%x is neither raw nor dag-cbor", b[1])
	}
	return CID{codec: codec, digest: [sha256.Size]byte(b[4:])}, nil
}

// ParseCID reads the text form: multibase "b" (lower-case base32, no padding).
func ParseCID(s string) (CID, error) {
	if !strings.HasPrefix(s, "b") || len(s) != 59 {
		return CID{}, Invalid("cid", "%q is not a base32 identifier of 59 characters", clip(s, 80))
	}
	b, err := cidEncoding.DecodeString(s[1:])
	if err != nil {
		return CID{}, Invalid("cid", "%q is not base32", s)
	}
	c, err := CIDFromBytes(b)
	if err == nil && c.String() != s {
		return CID{}, Invalid("cid", "%q has stray bits at its end", s)
	}
	return c, err
}

// Defined reports whether c is an identifier and not the zero value.
func (c CID) Defined() bool { return c.codec != 0 }

// Codec returns the codec of the content.
func (c CID) Codec() Codec { return c.codec }

// Digest returns the SHA-256 of the content.
func (c CID) Digest() [sha256.Size]byte { return c.digest }

// Bytes returns the 36-byte binary form.
func (c CID) Bytes() []byte { return c.Append(nil) }

// Append appends the 36-byte binary form to dst.
func (c CID) Append(dst []byte) []byte {
	dst = append(dst, 1, byte(c.codec), 0x12, 0x20)
	return append(dst, c.digest[:]...)
}

// String returns the base32 text form, or "" for the zero value.
func (c CID) String() string {
	if !c.Defined() {
		return ""
	}
	return "b" + cidEncoding.EncodeToString(c.Bytes())
}

// Matches reports whether c is the identifier of data.
func (c CID) Matches(data []byte) bool {
	sum := sha256.Sum256(data)
	return c.Defined() && bytes.Equal(sum[:], c.digest[:])
}

// MarshalText implements encoding.TextMarshaler for JSON.
func (c CID) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler; "" gives the zero value.
func (c *CID) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*c = CID{}
		return nil
	}
	parsed, err := ParseCID(string(text))
	if err == nil {
		*c = parsed
	}
	return err
}

// MarshalCBOR writes the DAG-CBOR link: tag 42 around 0x00 and the binary form.
// The zero value is written as null.
func (c CID) MarshalCBOR() ([]byte, error) {
	if !c.Defined() {
		return []byte{0xf6}, nil
	}
	return c.Append([]byte{0xd8, 0x2a, 0x58, CIDSize + 1, 0}), nil
}

// UnmarshalCBOR reads a DAG-CBOR link, or null as the zero value.
func (c *CID) UnmarshalCBOR(b []byte) error {
	if len(b) == 1 && b[0] == 0xf6 {
		*c = CID{}
		return nil
	}
	if !bytes.HasPrefix(b, []byte{0xd8, 0x2a, 0x58, CIDSize + 1, 0}) {
		return Invalid("cid", "not a DAG-CBOR link")
	}
	parsed, err := CIDFromBytes(b[5:])
	if err == nil {
		*c = parsed
	}
	return err
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "…"
}
