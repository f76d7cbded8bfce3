package memkv

import (
	"bytes"
	"hash/fnv"

	"github.com/stoa-commerce/stoa/store/kv"
)

// tree is an immutable treap; nil is the empty one. Its shape follows from its
// keys alone, because a node's priority is a hash of its key.
type tree struct {
	key, value  []byte
	version     uint64 // of the commit that set it
	priority    uint64
	left, right *tree
}

// priorityOf mixes the hash, whose high bits differ little for like keys.
func priorityOf(key []byte) uint64 {
	h := fnv.New64a()
	h.Write(key)
	x := h.Sum64()
	x = (x ^ x>>32) * 0xd6e8feb86659fd93
	return x ^ x>>32
}

func (t *tree) find(key []byte) *tree {
	for t != nil {
		switch order := bytes.Compare(key, t.key); {
		case order < 0:
			t = t.left
		case order > 0:
			t = t.right
		default:
			return t
		}
	}
	return nil
}

// versionOf returns 0 for a key that isn't there.
func (t *tree) versionOf(key []byte) uint64 {
	if n := t.find(key); n != nil {
		return n.version
	}
	return 0
}

// set returns the tree with the key set, as a root that nobody else has.
func (t *tree) set(key, value []byte, version uint64) *tree {
	if t == nil {
		return &tree{key: key, value: value, version: version, priority: priorityOf(key)}
	}
	n := *t
	switch order := bytes.Compare(key, t.key); {
	case order < 0:
		n.left = t.left.set(key, value, version)
		return n.raiseLeft()
	case order > 0:
		n.right = t.right.set(key, value, version)
		return n.raiseRight()
	}
	n.value, n.version = value, version
	return &n
}

func (t *tree) raiseLeft() *tree {
	up := t.left
	if up.priority <= t.priority {
		return t
	}
	t.left, up.right = up.right, t
	return up
}

func (t *tree) raiseRight() *tree {
	up := t.right
	if up.priority <= t.priority {
		return t
	}
	t.right, up.left = up.left, t
	return up
}

// delete returns the tree without the key.
func (t *tree) delete(key []byte) *tree {
	if t.find(key) == nil {
		return t
	}
	n := *t
	switch order := bytes.Compare(key, t.key); {
	case order < 0:
		n.left = t.left.delete(key)
	case order > 0:
		n.right = t.right.delete(key)
	default:
		return join(t.left, t.right)
	}
	return &n
}

// join returns the tree of both; all keys of a are before those of b.
func join(a, b *tree) *tree {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	if a.priority > b.priority {
		n := *a
		n.right = join(a.right, b)
		return &n
	}
	n := *b
	n.left = join(a, b.left)
	return &n
}

// walk calls fn for the nodes in the range, in order, until it returns false.
func (t *tree) walk(r kv.Range, reverse bool, fn func(*tree) bool) bool {
	if t == nil {
		return true
	}
	above := bytes.Compare(t.key, r.Start) >= 0
	below := r.End == nil || bytes.Compare(t.key, r.End) < 0
	left := func() bool { return !above || t.left.walk(r, reverse, fn) }
	right := func() bool { return !below || t.right.walk(r, reverse, fn) }
	if reverse {
		left, right = right, left
	}
	return left() && (!above || !below || fn(t)) && right()
}
