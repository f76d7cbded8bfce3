package trie

import (
	"bytes"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
)

// Change sets a leaf, or with Delete removes the one with its key.
type Change struct {
	Leaf   Leaf
	Delete bool
}

// Put returns the change after which record stands at path.
func Put(path protocol.Path, record protocol.CID) Change {
	return Change{Leaf: NewLeaf(path, record)}
}

// Delete returns the change after which nothing stands at path.
func Delete(path protocol.Path) Change {
	return Change{Leaf: Leaf{Key: KeyOf(path), Path: path}, Delete: true}
}

// Edit is what a store writes, in one transaction with the changed leaves, so
// that its Source shows the new trie.
type Edit struct {
	Root  Hash
	Count uint64
	// Top replaces the top row.
	Top []Digest
	// Pages replace the pages they name; one without digests is to be removed.
	Pages []Page
}

// Page is the content of Source.Page for the 4-bit prefix Index.
type Page struct {
	Index   byte
	Digests []Digest
}

// Apply computes the trie of src after the changes, in any order. It reads Top,
// and of the rest only the pages and buckets that hold a changed key; it writes
// nothing. Setting a leaf to what it is has no effect. Two changes of one key,
// deleting what is not there, and a group or bucket that grows beyond MaxGroup
// or MaxBucket are invalid.
func Apply(src Source, changes []Change) (Edit, error) {
	sorted, err := inKeyOrder(changes)
	if err != nil {
		return Edit{}, err
	}
	top, err := readTop(src)
	if err != nil {
		return Edit{}, err
	}
	e := Edit{Top: slices.Clone(top)}
	for len(sorted) > 0 {
		p := sorted[0].Leaf.Key.page()
		n := leading(sorted, func(k Key) bool { return k.page() == p })
		if err := e.editPage(src, p, sorted[:n]); err != nil {
			return Edit{}, err
		}
		sorted = sorted[n:]
	}
	e.Root, e.Count = topRoot(e.Top), countOf(e.Top)
	return e, nil
}

func inKeyOrder(changes []Change) ([]Change, error) {
	sorted := slices.Clone(changes)
	slices.SortFunc(sorted, func(a, b Change) int { return bytes.Compare(a.Leaf.Key[:], b.Leaf.Key[:]) })
	for i := 1; i < len(sorted); i++ {
		if sorted[i-1].Leaf.Key == sorted[i].Leaf.Key {
			return nil, protocol.Invalid("change", "%s is changed twice", sorted[i].Leaf.Path)
		}
	}
	return sorted, nil
}

// leading returns how many changes from the front have a key that is in.
func leading(changes []Change, in func(Key) bool) int {
	n := slices.IndexFunc(changes, func(c Change) bool { return !in(c.Leaf.Key) })
	if n < 0 {
		return len(changes)
	}
	return n
}

// editPage applies changes that all lie on page p.
func (e *Edit) editPage(src Source, p byte, changes []Change) error {
	var page []Digest
	if d, ok := find(e.Top, p); ok {
		stored, err := readPage(src, d)
		if err != nil {
			return err
		}
		page = slices.Clone(stored)
	}
	for len(changes) > 0 {
		bucket := changes[0].Leaf.Key.bucket()
		n := leading(changes, func(k Key) bool { return k.bucket() == bucket })
		d, err := editBucket(src, page, bucket, changes[:n])
		if err != nil {
			return err
		}
		page, changes = replace(page, d), changes[n:]
	}
	e.Pages = append(e.Pages, Page{p, page})
	e.Top = replace(e.Top, sumPage(p, page))
	return nil
}

// editBucket returns the new digest of the bucket that all changes lie in.
func editBucket(src Source, page []Digest, bucket uint16, changes []Change) (Digest, error) {
	var old []Leaf
	if d, ok := find(page, byte(bucket)); ok {
		var err error
		if old, err = readBucket(src, byte(bucket>>8), d); err != nil {
			return Digest{}, err
		}
	}
	leaves, err := merge(old, changes)
	if err != nil {
		return Digest{}, err
	}
	var guard groupGuard
	for i := range leaves {
		if err := guard.add(&leaves[i]); err != nil {
			return Digest{}, err
		}
	}
	return sumBucket(bucket, leaves), nil
}

// merge returns the leaves after the changes; both are in key order.
func merge(leaves []Leaf, changes []Change) ([]Leaf, error) {
	merged := make([]Leaf, 0, len(leaves)+len(changes))
	for _, c := range changes {
		i, found := slices.BinarySearchFunc(leaves, c.Leaf.Key, func(l Leaf, k Key) int { return bytes.Compare(l.Key[:], k[:]) })
		merged = append(merged, leaves[:i]...)
		leaves = leaves[i:]
		if c.Delete && !found {
			return nil, protocol.Invalid("change", "%s is deleted but is not there", c.Leaf.Path)
		}
		if found {
			leaves = leaves[1:]
		}
		if !c.Delete {
			merged = append(merged, c.Leaf)
		}
	}
	return append(merged, leaves...), nil
}

// replace puts d in its place among the digests, or removes the one there when d
// counts no leaves.
func replace(digests []Digest, d Digest) []Digest {
	i, found := slices.BinarySearchFunc(digests, d.Index, func(d Digest, index byte) int { return int(d.Index) - int(index) })
	switch {
	case d.Count == 0 && found:
		return slices.Delete(digests, i, i+1)
	case d.Count == 0:
		return digests
	case found:
		digests[i] = d
		return digests
	}
	return slices.Insert(digests, i, d)
}
