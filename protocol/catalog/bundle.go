package catalog

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/trie"
)

// MaxBundle is the largest proof bundle in bytes (1 MiB).
const MaxBundle = 1 << 20

// Scope says how much a proof bundle is about.
type Scope string

// The scopes. A group is a product with all its offers; nothing of it can be
// left out of a bundle.
const (
	ScopeRecord Scope = "record"
	ScopeGroup  Scope = "group"
)

// Bundle is a proof for anybody that a brand published what stands at a path, or
// nothing there. It is data as received until Verify has accepted it.
type Bundle struct {
	Identity []protocol.Signed // in the order of identity.Log.Signed, signatures by ascending key
	Head     protocol.Signed
	Scope    Scope
	Path     protocol.Path // of the record; for a group its Path.Group
	// Proof and Records stand in a bundle of what is there, Absence in one of
	// what is not. Records are in the order of the trie's keys.
	Records []Entry
	Proof   *trie.Proof
	Absence *trie.Absence
}

// wireBundle repeats the trie key of the path, because nothing else would show
// damage to the path in a proof of absence: it holds for the absent path next to
// it just as well.
type wireBundle struct {
	V        uint64        `cbor:"v"`
	Identity [][]byte      `cbor:"identity"`
	Head     []byte        `cbor:"head"`
	Scope    Scope         `cbor:"scope"`
	Path     string        `cbor:"path"`
	Key      []byte        `cbor:"key"`
	Records  []wireEntry   `cbor:"records,omitempty"`
	Proof    *trie.Proof   `cbor:"proof,omitempty"`
	Absence  *trie.Absence `cbor:"absence,omitempty"`
}

type wireEntry struct {
	_    struct{} `cbor:",toarray"`
	Path string
	CID  protocol.CID
	Data []byte
}

// Prove makes the bundle for path out of a trie and its records: a proof that it
// is there, or one that it is not. record returns the bytes behind a leaf. The
// path of a group may be that of any of its records.
func Prove(log *identity.Log, head SignedHead, src trie.Source, scope Scope, path protocol.Path, record func(trie.Leaf) ([]byte, error)) (Bundle, error) {
	b := Bundle{Identity: inOrder(log), Head: head.Signed, Scope: scope, Path: path}
	if scope == ScopeGroup {
		b.Path = protocol.Path(path.Group())
	}
	leaves, proof, err := prove(src, scope, b.Path)
	if errors.Is(err, trie.ErrAbsent) {
		return b.absent(src)
	}
	if err != nil {
		return Bundle{}, err
	}
	b.Proof = &proof
	for _, l := range leaves {
		data, err := record(l)
		if err != nil {
			return Bundle{}, fmt.Errorf("record %s of proof: %w", l.Path, err)
		}
		b.Records = append(b.Records, Entry{l.Path, l.Record, data})
	}
	return b, nil
}

func prove(src trie.Source, scope Scope, path protocol.Path) ([]trie.Leaf, trie.Proof, error) {
	if scope == ScopeGroup {
		return trie.ProveGroup(src, path)
	}
	leaf, proof, err := trie.ProveRecord(src, path)
	return []trie.Leaf{leaf}, proof, err
}

func (b Bundle) absent(src trie.Source) (Bundle, error) {
	proveAbsent := trie.ProveAbsent
	if b.Scope == ScopeGroup {
		proveAbsent = trie.ProveGroupAbsent
	}
	a, err := proveAbsent(src, b.Path)
	if err != nil {
		return Bundle{}, err
	}
	b.Absence = &a
	return b, nil
}

// Encode returns the canonical bytes. A bundle beyond MaxBundle is an error.
func (b Bundle) Encode() ([]byte, error) {
	key := trie.KeyOf(b.Path)
	w := wireBundle{V: Version, Scope: b.Scope, Path: string(b.Path), Key: key[:], Proof: b.Proof, Absence: b.Absence}
	for _, op := range b.Identity {
		data, err := op.Encode()
		if err != nil {
			return nil, err
		}
		w.Identity = append(w.Identity, data)
	}
	for _, e := range b.Records {
		w.Records = append(w.Records, wireEntry{Path: string(e.Path), CID: e.CID, Data: e.Data})
	}
	var err error
	if w.Head, err = b.Head.Encode(); err != nil {
		return nil, err
	}
	data, err := protocol.Marshal(w)
	if err == nil && len(data) > MaxBundle {
		err = protocol.Invalid("proof bundle", "%d bytes, allowed are %d", len(data), MaxBundle)
	}
	return data, err
}

// DecodeBundle reads a bundle. It checks the form only; see Verify. Errors are
// *Refusal.
func DecodeBundle(data []byte) (Bundle, error) {
	if len(data) > MaxBundle {
		return Bundle{}, refuse(TooLarge, "%d bytes, allowed are %d", len(data), MaxBundle)
	}
	if err := protocol.Check(data); err != nil {
		return Bundle{}, cborReason(data, err)
	}
	if err := knownVersion(data); err != nil {
		return Bundle{}, err
	}
	var w wireBundle
	if err := exactly(data, &w); err != nil {
		return Bundle{}, refuseFor(NotCBOR, err)
	}
	return w.open()
}

// knownVersion comes before the fields: another version may have others.
func knownVersion(data []byte) error {
	var w struct {
		V uint64 `cbor:"v"`
	}
	if err := protocol.Unmarshal(data, &w); err != nil {
		return refuseFor(NotCBOR, err)
	}
	if w.V != Version {
		return refuse(WrongVersion, "%d instead of %d", w.V, Version)
	}
	return nil
}

func (w wireBundle) open() (Bundle, error) {
	path, err := protocol.ParsePath(w.Path)
	if err != nil {
		return Bundle{}, refuseFor(RecordForm, err)
	}
	if key := trie.KeyOf(path); !bytes.Equal(w.Key, key[:]) {
		return Bundle{}, refuse(PathMismatch, "the key of %s is %x, not %x", path, key, w.Key)
	}
	b := Bundle{Scope: w.Scope, Path: path, Proof: w.Proof, Absence: w.Absence}
	for _, data := range w.Identity {
		op, err := protocol.DecodeSigned(data)
		if err != nil {
			return Bundle{}, refuseFor(IdentityForm, err)
		}
		b.Identity = append(b.Identity, op)
	}
	if b.Head, err = protocol.DecodeSigned(w.Head); err != nil {
		return Bundle{}, refuseFor(HeadForm, err)
	}
	for _, e := range w.Records {
		b.Records = append(b.Records, Entry{protocol.Path(e.Path), e.CID, e.Data})
	}
	return b, nil
}
