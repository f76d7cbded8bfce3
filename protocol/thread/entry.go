package thread

import (
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
)

// Entry is the header of what one side says. It commits to the body, which can be
// shown or forgotten without it.
type Entry struct {
	V      uint64       `cbor:"v"`
	Thread protocol.CID `cbor:"thread"`
	// By is the key of the author: a device of the shopper, or an online key of
	// the brand. Whether it may speak is for who knows the chain; it was checked
	// as a key when it was certified.
	By [ed25519.PublicKeySize]byte `cbor:"by"`
	// DSeq counts the author's entries in this thread from 1; DPrev is the one
	// before, undefined for the first. For the brand all its online keys are one
	// author.
	DSeq  uint64       `cbor:"dseq"`
	DPrev protocol.CID `cbor:"dprev"`
	// Seen is the last commit that the author has verified, nil before the first.
	Seen *Seen  `cbor:"seen"`
	Kind string `cbor:"kind"`
	// Body is Commitment(salt, body).
	Body [sha256.Size]byte `cbor:"body"`
	Time protocol.Millis   `cbor:"time"`
}

// Seen names a commit.
type Seen struct {
	Seq    uint64       `cbor:"seq"`
	Commit protocol.CID `cbor:"commit"`
}

// Commitment returns what an entry says of its body: SHA-256 over a label, the
// salt and the body.
func Commitment(salt [SecretSize]byte, body []byte) [sha256.Size]byte {
	h := sha256.New()
	h.Write([]byte("stoa/body/v1\x00"))
	h.Write(salt[:])
	h.Write(body)
	return [sha256.Size]byte(h.Sum(nil))
}

// SignedEntry is an entry with its bytes and its name. Its form holds; Verify
// says whether its author signed it.
type SignedEntry struct {
	Entry
	ID     protocol.CID
	Signed protocol.Signed
}

// Sign fills in version and author and returns the signed entry.
func (e Entry) Sign(key ed25519.PrivateKey) (SignedEntry, error) {
	e.V, e.By = Version, [32]byte(key.Public().(ed25519.PublicKey))
	if err := e.form(); err != nil {
		return SignedEntry{}, err
	}
	s, err := sign(protocol.ObjectEntry, e, key)
	return SignedEntry{Entry: e, ID: s.ID(), Signed: s}, err
}

// DecodeEntry reads a signed entry and checks its form. Errors wrap
// protocol.ErrInvalid.
func DecodeEntry(data []byte) (SignedEntry, error) {
	var e Entry
	s, err := decodeObject(protocol.ObjectEntry, data, &e)
	if err = cmp.Or(err, e.form()); err != nil {
		return SignedEntry{}, err
	}
	return SignedEntry{Entry: e, ID: s.ID(), Signed: s}, nil
}

// Encode returns the wire form.
func (e SignedEntry) Encode() ([]byte, error) { return e.Signed.Encode() }

// Verify checks the signature under a key, which must be By. The error wraps
// ErrSignature.
func (e SignedEntry) Verify(by protocol.PublicKey) error {
	if [32]byte(by.Bytes()) != e.By || e.Signed.VerifiedBy(protocol.ObjectEntry, by) != 1 {
		return fmt.Errorf("entry %s: %w: %w", e.ID, ErrSignature, protocol.ErrInvalid)
	}
	return nil
}

// Matches checks that the body is the one that the entry commits to. The error
// wraps ErrCommitment.
func (e Entry) Matches(salt [SecretSize]byte, body []byte) error {
	if Commitment(salt, body) != e.Body {
		return fmt.Errorf("entry: %w: %w", ErrCommitment, protocol.ErrInvalid)
	}
	return nil
}

func (e Entry) form() error {
	if err := cmp.Or(versionForm("entry", e.V), timeForm("entry", e.Time), objectsForm("entry", e.Thread)); err != nil {
		return err
	}
	if e.DSeq == 0 || e.DSeq > protocol.MaxInt || (e.DSeq == 1) == e.DPrev.Defined() || e.DPrev.Defined() && !isObject(e.DPrev) {
		return protocol.Invalid("entry", "number %d and its predecessor contradict each other", e.DSeq)
	}
	if s := e.Seen; s != nil && (s.Seq == 0 || s.Seq > protocol.MaxInt || !isObject(s.Commit)) {
		return protocol.Invalid("entry", "what it has seen is no commit")
	}
	if !isWord(e.Kind, true) {
		return protocol.Invalid("entry", "kind is not 1 to %d of a-z, '.' and '_'", MaxKind)
	}
	return nil
}
