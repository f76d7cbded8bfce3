package trie

import (
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
	// Rows replace those of their prefixes; one without digests is to be removed.
	Rows []Row
}

// Row is the content of Source.Digests for a prefix.
type Row struct {
	Prefix  Prefix
	Digests []Digest
}

// Apply computes the trie of src after the changes, in any order. It reads the
// top, and of the rest only the rows and buckets on the way to a changed key; it
// writes nothing. Setting a leaf to what it is has no effect. Two changes of one
// key, deleting what is not there, and growing beyond MaxGroup or MaxCrowd are
// invalid.
func Apply(src Source, changes []Change) (Edit, error) {
	sorted, err := inKeyOrder(changes)
	if err != nil {
		return Edit{}, err
	}
	top, err := readTop(src)
	if err != nil {
		return Edit{}, err
	}
	var e Edit
	sum, err := e.editRow(src, nil, top, sorted)
	if err != nil {
		return Edit{}, err
	}
	e.Root, e.Count = sum.Hash, sum.Count
	return e, nil
}

func inKeyOrder(changes []Change) ([]Change, error) {
	sorted := slices.Clone(changes)
	slices.SortFunc(sorted, func(a, b Change) int { return byKey(a.Leaf, b.Leaf) })
	for i := 1; i < len(sorted); i++ {
		if sorted[i-1].Leaf.Key == sorted[i].Leaf.Key {
			return nil, protocol.Invalid("change", "%s is changed twice", sorted[i].Leaf.Path)
		}
	}
	return sorted, nil
}

// leading returns how many changes from the front have a key under prefix.
func leading(changes []Change, prefix Prefix) int {
	n := slices.IndexFunc(changes, func(c Change) bool { return !prefix.covers(c.Leaf.Key) })
	if n < 0 {
		return len(changes)
	}
	return n
}

// edit applies changes that all lie under prefix, which old sums up, with a count
// of 0 if nothing is there. It returns what sums it up afterwards.
func (e *Edit) edit(src Source, prefix Prefix, old Digest, changes []Change) (Digest, error) {
	if len(prefix) == Levels {
		return editBucket(src, prefix, old, changes)
	}
	var row []Digest
	if old.Count > 0 {
		var err error
		if row, err = readRow(src, prefix, old); err != nil {
			return Digest{}, err
		}
	}
	return e.editRow(src, prefix, row, changes)
}

// editRow is edit for what lies under a row. The row itself is not changed.
func (e *Edit) editRow(src Source, prefix Prefix, row []Digest, changes []Change) (Digest, error) {
	row = slices.Clone(row)
	for len(changes) > 0 {
		child := prefix.Child(changes[0].Leaf.Key.nibble(len(prefix)))
		n := leading(changes, child)
		old, _ := find(row, child.last())
		d, err := e.edit(src, child, old, changes[:n])
		if err != nil {
			return Digest{}, err
		}
		row, changes = replace(row, d), changes[n:]
	}
	sum := sumRow(prefix, row)
	if len(prefix) == CrowdBits/4 && sum.Count > MaxCrowd {
		return Digest{}, errCrowd(prefix)
	}
	e.Rows = append(e.Rows, Row{prefix, row})
	return sum, nil
}

// editBucket is edit for a bucket.
func editBucket(src Source, prefix Prefix, old Digest, changes []Change) (Digest, error) {
	var leaves []Leaf
	var err error
	if old.Count > 0 {
		if leaves, err = readBucket(src, prefix, old); err != nil {
			return Digest{}, err
		}
	}
	if leaves, err = merge(leaves, changes); err != nil {
		return Digest{}, err
	}
	var g guard
	for i := range leaves {
		if err := g.add(&leaves[i]); err != nil {
			return Digest{}, err
		}
	}
	return sumLeaves(prefix, leaves), nil
}

// merge returns the leaves after the changes; both are in key order.
func merge(leaves []Leaf, changes []Change) ([]Leaf, error) {
	merged := make([]Leaf, 0, len(leaves)+len(changes))
	for _, c := range changes {
		i, found := slices.BinarySearchFunc(leaves, c.Leaf.Key, leafToKey)
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

// replace puts d in its place in the row, or removes the one there when d counts
// no leaves.
func replace(row []Digest, d Digest) []Digest {
	i, found := slices.BinarySearchFunc(row, d.Index, func(d Digest, index byte) int { return int(d.Index) - int(index) })
	switch {
	case d.Count == 0 && found:
		return slices.Delete(row, i, i+1)
	case d.Count == 0:
		return row
	case found:
		row[i] = d
		return row
	}
	return slices.Insert(row, i, d)
}
