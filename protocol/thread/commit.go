package thread

import (
	"cmp"
	"crypto/ed25519"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
)

// Commit is the brand's word that an entry stands at a place of the thread.
type Commit struct {
	V      uint64       `cbor:"v"`
	Thread protocol.CID `cbor:"thread"`
	// Seq counts the commits of the thread from 1; Prev is the one before,
	// undefined for the first.
	Seq   uint64          `cbor:"seq"`
	Prev  protocol.CID    `cbor:"prev"`
	Entry protocol.CID    `cbor:"entry"`
	Time  protocol.Millis `cbor:"time"`
	// Refused says why the entry has no effect, in a word for machines; "" if it
	// has.
	Refused string `cbor:"refused,omitempty"`
}

// SignedCommit is a commit with its bytes and its name. Its form holds; Verify
// says whether the brand signed it.
type SignedCommit struct {
	Commit
	ID     protocol.CID
	Signed protocol.Signed
}

// Sign fills in the version and returns the signed commit. key is an online key
// of the brand.
func (c Commit) Sign(key ed25519.PrivateKey) (SignedCommit, error) {
	c.V = Version
	if err := c.form(); err != nil {
		return SignedCommit{}, err
	}
	s, err := sign(protocol.ObjectCommit, c, key)
	return SignedCommit{Commit: c, ID: s.ID(), Signed: s}, err
}

// DecodeCommit reads a signed commit and checks its form. Errors wrap
// protocol.ErrInvalid.
func DecodeCommit(data []byte) (SignedCommit, error) {
	var c Commit
	s, err := decodeObject(protocol.ObjectCommit, data, &c)
	if err = cmp.Or(err, c.form()); err != nil {
		return SignedCommit{}, err
	}
	return SignedCommit{Commit: c, ID: s.ID(), Signed: s}, nil
}

// Encode returns the wire form.
func (c SignedCommit) Encode() ([]byte, error) { return c.Signed.Encode() }

// Verify checks that one of the brand's keys signed the commit. The error wraps
// ErrSignature.
func (c SignedCommit) Verify(brand BrandKeys) error {
	if k, known := brand.find(c.Signed.Signatures[0].Key); known && c.Signed.VerifiedBy(protocol.ObjectCommit, k) == 1 {
		return nil
	}
	return fmt.Errorf("commit %d: %w: %w", c.Seq, ErrSignature, protocol.ErrInvalid)
}

// Contradicts reports whether both commits stand at one place of one thread and
// differ. When the brand signed both, they prove that it contradicts itself.
func (c SignedCommit) Contradicts(other SignedCommit) bool {
	return c.Thread == other.Thread && c.Seq == other.Seq && c.ID != other.ID
}

func (c Commit) form() error {
	if err := cmp.Or(versionForm("commit", c.V), timeForm("commit", c.Time), objectsForm("commit", c.Thread, c.Entry)); err != nil {
		return err
	}
	if c.Seq == 0 || c.Seq > protocol.MaxInt || (c.Seq == 1) == c.Prev.Defined() || c.Prev.Defined() && !isObject(c.Prev) {
		return protocol.Invalid("commit", "number %d and its predecessor contradict each other", c.Seq)
	}
	if c.Refused != "" && !isWord(c.Refused, false) {
		return protocol.Invalid("commit", "reason is not 1 to %d of a-z and '_'", MaxKind)
	}
	return nil
}
