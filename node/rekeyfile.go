package node

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/stoa-commerce/stoa/node/keys"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
)

// MaxKeyFile is the size in bytes that a request or a signed operation has at most.
const MaxKeyFile = 64 << 10

// What the two files that travel to the recovery words and back say they are.
const (
	kindKeyRequest = "stoa key request 1"
	kindSignedKey  = "stoa signed operation 1"
)

// ErrOtherWords means that recovery words are well-formed and not this brand's, or
// that the request is for an operation that they don't sign.
var ErrOtherWords = errors.New("these are not the words that this operation waits for")

// KeyRequest is an identity operation that waits for the recovery words. It holds no
// secret, and all that a machine without home or network needs to check what it is
// asked to sign.
type KeyRequest struct {
	Kind  string         `json:"kind"`
	Name  string         `json:"name"` // of the brand, for the person who signs
	Draft identity.Draft `json:"draft"`
	// Parents are the payloads in hex of the one or two operations that it follows.
	Parents []string `json:"parents"`
}

// KeyPlan says what an operation changes.
type KeyPlan struct {
	Brand     protocol.CID      `json:"brand"`
	Name      string            `json:"name"`
	N         uint64            `json:"n"` // the number of the operation
	EpochFrom uint64            `json:"epochFrom"`
	EpochTo   uint64            `json:"epochTo"`
	Added     []protocol.KeyID  `json:"added"`
	Removed   []protocol.KeyID  `json:"removed"`
	Kept      []protocol.KeyID  `json:"kept"`
	Domain    identity.Domain   `json:"domain"`
	LastGood  *identity.HeadRef `json:"lastGood"` // null: none of the removed keys' heads is trusted
	Merges    bool              `json:"merges"`   // joins two branches of a contested identity
}

// SignedKey is an identity operation that the recovery words have signed.
type SignedKey struct {
	Kind      string       `json:"kind"`
	Brand     protocol.CID `json:"brand"`
	N         uint64       `json:"n"`
	Operation protocol.CID `json:"operation"`
	Signed    string       `json:"signed"` // the signed operation in hex
}

// ReadKeyRequest reads a request and checks that its parts fit together.
func ReadKeyRequest(b []byte) (KeyRequest, error) {
	var r KeyRequest
	if err := readKeyFile(b, &r, &r.Kind, kindKeyRequest); err != nil {
		return r, fmt.Errorf("key request: %w", err)
	}
	_, err := r.parents()
	return r, err
}

func readKeyFile(b []byte, out any, kind *string, want string) error {
	if len(b) > MaxKeyFile {
		return protocol.Invalid("file", "more than %d bytes", MaxKeyFile)
	}
	if err := json.Unmarshal(b, out); err != nil {
		return protocol.Invalid("file", "this is no JSON of 'stoa key': %v", err)
	}
	if *kind != want {
		return protocol.Invalid("file", "it is no %q but %.40q", want, *kind)
	}
	return nil
}

// parents reads the operations that the draft follows and checks it against them:
// what a request says of the past is what the brand has signed.
func (r KeyRequest) parents() ([]identity.Op, error) {
	want := []protocol.CID{r.Draft.Prev}
	if r.Draft.Merge.Defined() {
		want = append(want, r.Draft.Merge)
	}
	if len(r.Parents) != len(want) {
		return nil, protocol.Invalid("key request", "%d operations before it instead of %d", len(r.Parents), len(want))
	}
	var ops []identity.Op
	for i, text := range r.Parents {
		o, err := r.parent(text, want[i])
		if err != nil {
			return nil, err
		}
		ops = append(ops, o)
	}
	return ops, nil
}

func (r KeyRequest) parent(text string, id protocol.CID) (identity.Op, error) {
	payload, err := hex.DecodeString(text)
	if err != nil {
		return identity.Op{}, protocol.Invalid("key request", "an operation before it is not in hex")
	}
	if protocol.Sum(protocol.DagCBOR, payload) != id || len(payload) == 0 {
		return identity.Op{}, protocol.Invalid("key request", "the operation before it is another one than it names")
	}
	o, err := identity.DecodeOp(payload)
	if err != nil {
		return o, err
	}
	if r.Draft.N != o.N+1 || r.Draft.Expect != o.Next || o.N == 0 && id != r.Draft.Brand {
		return o, protocol.Invalid("key request", "it doesn't follow the operation that it names")
	}
	return o, nil
}

// Plan says what the request asks to be signed.
func (r KeyRequest) Plan() (KeyPlan, error) {
	parents, err := r.parents()
	if err != nil {
		return KeyPlan{}, err
	}
	d := r.Draft
	p := KeyPlan{
		Brand: d.Brand, Name: r.Name, N: d.N, EpochTo: d.Epoch, Domain: d.Domain, LastGood: d.LastGood,
		Merges: d.Merge.Defined(), Added: []protocol.KeyID{}, Removed: []protocol.KeyID{}, Kept: []protocol.KeyID{},
	}
	was := map[protocol.KeyID]bool{}
	for _, o := range parents {
		p.EpochFrom = max(p.EpochFrom, o.Epoch)
		for _, k := range o.Online {
			was[k.ID] = true
		}
	}
	p.compare(was, d.Online)
	return p, nil
}

func (p *KeyPlan) compare(was map[protocol.KeyID]bool, is []identity.OnlineKey) {
	for _, k := range is {
		if was[k.ID] {
			p.Kept = append(p.Kept, k.ID)
		} else {
			p.Added = append(p.Added, k.ID)
		}
		delete(was, k.ID)
	}
	for id := range was {
		p.Removed = append(p.Removed, id)
	}
	slices.Sort(p.Removed)
}

// Sign signs the operation with the recovery words and has it commit to the root key
// that they give for the one after it. Words that the brand doesn't wait for are
// ErrOtherWords.
func (r KeyRequest) Sign(words keys.Words) (SignedKey, error) {
	if _, err := r.parents(); err != nil {
		return SignedKey{}, err
	}
	n := r.Draft.N
	signers := words.Signers(n)
	if c, err := signers.Commitment(); err != nil || c != r.Draft.Expect {
		return SignedKey{}, errors.Join(ErrOtherWords, err)
	}
	next, err := words.Signers(n + 1).Commitment()
	if err != nil {
		return SignedKey{}, err
	}
	op, err := r.Draft.Op(signers, next)
	if err != nil {
		return SignedKey{}, err
	}
	signed, err := op.Sign(words.Root(n))
	if err != nil {
		return SignedKey{}, err
	}
	raw, err := signed.Encode()
	return SignedKey{kindSignedKey, r.Draft.Brand, n, signed.ID(), hex.EncodeToString(raw)}, err
}

// ReadSignedKey reads a signed operation; who signed it is checked when it is applied.
func ReadSignedKey(b []byte) (SignedKey, error) {
	var s SignedKey
	if err := readKeyFile(b, &s, &s.Kind, kindSignedKey); err != nil {
		return s, fmt.Errorf("signed operation: %w", err)
	}
	return s, nil
}

// open returns the operation in its wire form and read.
func (s SignedKey) open() (raw []byte, signed protocol.Signed, op identity.Op, err error) {
	if raw, err = hex.DecodeString(s.Signed); err != nil {
		return nil, signed, op, protocol.Invalid("signed operation", "it is not in hex")
	}
	if signed, err = protocol.DecodeSigned(raw); err != nil {
		return nil, signed, op, err
	}
	op, err = identity.DecodeOp(signed.Payload)
	return raw, signed, op, err
}
