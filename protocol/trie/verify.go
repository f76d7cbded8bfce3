package trie

import "github.com/stoa-commerce/stoa/protocol"

// What the functions below accept is right for whatever the root stands for,
// even a trie that its signer built wrongly: the bits of a key allow one walk
// down from a root, so no root has both a proof that a record is there and a
// proof that it, or its group, is not, nor two proofs of different groups.

// VerifyRecord accepts when, under root, record stands at path.
func VerifyRecord(root Hash, path protocol.Path, record protocol.CID, proof Proof) error {
	leaf := NewLeaf(path, record)
	if err := leaf.valid(); err != nil {
		return err
	}
	return leadsTo(root, proof, leaf.Key, leaf.Hash())
}

// VerifyGroup accepts when, under root, the leaves are all of the group that
// path belongs to, none missing and none too many. They come in key order.
func VerifyGroup(root Hash, path protocol.Path, leaves []Leaf, proof Proof) error {
	if len(leaves) == 0 || len(leaves) > MaxGroup {
		return protocol.Invalid("group", "%d leaves, allowed are 1 to %d", len(leaves), MaxGroup)
	}
	if err := validLeaves(leaves); err != nil {
		return err
	}
	for _, l := range leaves {
		if l.Path.Group() != path.Group() {
			return protocol.Invalid("group", "%s is not in the group %q", l.Path, path.Group())
		}
	}
	if err := proof.aboveGroups(); err != nil {
		return err
	}
	return leadsTo(root, proof, leaves[0].Key, rootOf(leaves))
}

// VerifyAbsent accepts when, under root, nothing stands at path.
func VerifyAbsent(root Hash, path protocol.Path, a Absence) error {
	if err := validLeaves(a.Leaves); err != nil {
		return err
	}
	if len(a.Leaves) > 1 {
		return protocol.Invalid("absence", "%d leaves for one record", len(a.Leaves))
	}
	return verifyAbsent(root, KeyOf(path), a)
}

func verifyAbsent(root Hash, key Key, a Absence) error {
	if len(a.Leaves) == 0 {
		return verifyEmpty(root, a)
	}
	if a.Leaves[0].Key == key {
		return protocol.Invalid("absence", "%s is present", a.Leaves[0].Path)
	}
	return a.leadsElsewhere(root, key)
}

// VerifyGroupAbsent accepts when, under root, nothing stands at any path of the
// group that path belongs to.
func VerifyGroupAbsent(root Hash, path protocol.Path, a Absence) error {
	if err := validLeaves(a.Leaves); err != nil {
		return err
	}
	return verifyGroupAbsent(root, KeyOf(path), a)
}

func verifyGroupAbsent(root Hash, key Key, a Absence) error {
	if len(a.Leaves) == 0 {
		return verifyEmpty(root, a)
	}
	for _, l := range a.Leaves {
		if l.Key.sameGroup(key) {
			return protocol.Invalid("absence", "%s of the group is present", l.Path)
		}
		if !l.Key.sameGroup(a.Leaves[0].Key) {
			return protocol.Invalid("absence", "%s is not in the one other group", l.Path)
		}
	}
	if err := a.Proof.aboveGroups(); err != nil {
		return err
	}
	return a.leadsElsewhere(root, key)
}

// verifyEmpty checks a proof without leaves: it holds for the empty trie alone.
func verifyEmpty(root Hash, a Absence) error {
	if !root.Empty() || len(a.Proof.Bits) != 0 || len(a.Proof.Siblings) != 0 {
		return protocol.Invalid("absence", "no leaves, but the trie is not empty")
	}
	return nil
}

// leadsElsewhere checks that the walk of key ends at the leaves given.
func (a Absence) leadsElsewhere(root Hash, key Key) error {
	if err := a.form(); err != nil {
		return err
	}
	if !a.Proof.sameSides(key, a.Leaves[0].Key) {
		return protocol.Invalid("absence", "%s stands on another side of a step", a.Leaves[0].Path)
	}
	return leadsTo(root, a.Proof, key, rootOf(a.Leaves))
}

func leadsTo(root Hash, proof Proof, key Key, below Hash) error {
	got, err := proof.Root(key, below)
	if err == nil && got != root {
		err = protocol.Invalid("proof", "leads to root %s instead of %s", got, root)
	}
	return err
}

// aboveGroups refuses a proof that ends inside a group.
func (p Proof) aboveGroups() error {
	if len(p.Bits) > GroupBits/8 {
		return protocol.Invalid("proof", "ends inside a group")
	}
	return nil
}

func validLeaves(leaves []Leaf) error {
	if len(leaves) > MaxGroup {
		return protocol.Invalid("leaves", "%d, allowed are %d", len(leaves), MaxGroup)
	}
	for _, l := range leaves {
		if err := l.valid(); err != nil {
			return err
		}
	}
	return ascending(leaves)
}
