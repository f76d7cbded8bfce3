package catalog

import (
	"bytes"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/trie"
)

// Proven is what a verified bundle shows.
type Proven struct {
	Origin
	Scope Scope
	Path  protocol.Path
	// Records are the record or the whole group, in the order of the trie's
	// keys. None says that the brand published nothing there.
	Records []Entry
}

// Absent reports whether the bundle proves that nothing stands at its path.
func (p Proven) Absent() bool { return len(p.Records) == 0 }

// VerifyBundle decodes a bundle and checks all of it at now. brand is who is
// expected; undefined accepts any. Errors are *Refusal; an expired head is not
// an error.
func VerifyBundle(data []byte, brand protocol.CID, now protocol.Millis) (Proven, error) {
	b, err := DecodeBundle(data)
	if err != nil {
		return Proven{}, err
	}
	return b.Verify(brand, now)
}

// Verify checks all of a bundle; see VerifyBundle.
func (b Bundle) Verify(brand protocol.CID, now protocol.Millis) (Proven, error) {
	origin, err := VerifyOrigin(brand, b.Identity, b.Head, now)
	if err != nil {
		return Proven{}, err
	}
	if err := b.shape(); err != nil {
		return Proven{}, err
	}
	if b.Absence != nil {
		err = b.verifyAbsence(origin.Head.Root)
	} else {
		err = b.verifyRecords(origin.Head.Root)
	}
	if err != nil {
		return Proven{}, err
	}
	return Proven{Origin: origin, Scope: b.Scope, Path: b.Path, Records: b.Records}, nil
}

func (b Bundle) shape() error {
	switch {
	case b.Scope != ScopeRecord && b.Scope != ScopeGroup:
		return refuse(ProofForm, "scope %.40q", b.Scope)
	case b.Scope == ScopeGroup && b.Path.Group() != string(b.Path):
		return refuse(PathMismatch, "%s does not name a group", b.Path)
	case (b.Proof == nil) == (b.Absence == nil):
		return refuse(ProofForm, "either a proof or an absence is needed")
	case b.Absence != nil && len(b.Records) > 0:
		return refuse(ProofForm, "records beside a proof of absence")
	case b.Proof != nil && b.Scope == ScopeRecord && len(b.Records) != 1:
		return refuse(ProofForm, "%d records where one is due", len(b.Records))
	case b.Proof != nil && len(b.Records) == 0:
		return refuse(GroupIncomplete, "no records")
	}
	return nil
}

func (b Bundle) verifyAbsence(root trie.Hash) error {
	verify := trie.VerifyAbsent
	if b.Scope == ScopeGroup {
		verify = trie.VerifyGroupAbsent
	}
	if err := verify(root, b.Path, *b.Absence); err != nil {
		return refuseFor(RootMismatch, err)
	}
	return nil
}

func (b Bundle) verifyRecords(root trie.Hash) error {
	leaves, err := b.leaves()
	if err != nil {
		return err
	}
	if b.Scope == ScopeRecord {
		err = trie.VerifyRecord(root, b.Path, b.Records[0].CID, *b.Proof)
	} else {
		err = trie.VerifyGroup(root, b.Path, leaves, *b.Proof)
	}
	if err != nil {
		return refuseFor(b.mismatch(), err)
	}
	return nil
}

// leaves checks each record by itself and their order.
func (b Bundle) leaves() ([]trie.Leaf, error) {
	leaves := make([]trie.Leaf, len(b.Records))
	for i, e := range b.Records {
		if err := e.verify(); err != nil {
			return nil, err
		}
		if e.Path != b.Path && (b.Scope == ScopeRecord || e.Path.Group() != string(b.Path)) {
			return nil, refuse(PathMismatch, "%s in a proof of the %s %s", e.Path, b.Scope, b.Path)
		}
		leaves[i] = trie.NewLeaf(e.Path, e.CID)
		if i > 0 && bytes.Compare(leaves[i-1].Key[:], leaves[i].Key[:]) >= 0 {
			return nil, refuse(RecordOrder, "at %s", e.Path)
		}
	}
	return leaves, nil
}

// mismatch finds out why records don't lead to the root: a product whose offers
// aren't all there, offers without their product, or else anything.
func (b Bundle) mismatch() Reason {
	if b.Scope == ScopeGroup && b.gap() {
		return GroupIncomplete
	}
	return RootMismatch
}

// gap goes by paths, and by what can be read of the product: it needs no rule of
// records and no version of theirs.
func (b Bundle) gap() bool {
	if b.Path.Kind() != "product" || b.Path.Name() == "" {
		return false
	}
	offered := map[string]bool{}
	var product *Entry
	for i, e := range b.Records {
		if e.Path == b.Path {
			product = &b.Records[i]
		} else {
			offered[e.Path.Leaf()] = true
		}
	}
	return product == nil || slices.ContainsFunc(variantsIn(product.Data), func(id string) bool { return id == "" || !offered[id] })
}

// variantsIn returns the identifiers that a product lists, whatever else is wrong
// with it.
func variantsIn(product []byte) (ids []string) {
	var p struct {
		Variants []cbor.RawMessage `cbor:"variants"`
	}
	if protocol.Unmarshal(product, &p) != nil {
		return nil
	}
	for _, data := range p.Variants {
		var v struct {
			ID *string `cbor:"id"`
		}
		if protocol.Unmarshal(data, &v) == nil && v.ID != nil {
			ids = append(ids, *v.ID)
		}
	}
	return ids
}
