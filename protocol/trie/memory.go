package trie

import (
	"bytes"
	"slices"
)

// Memory is a Source in memory, for tools that hold all leaves anyway: tests,
// vectors, an archive that is being looked at. The zero value is the empty trie.
type Memory struct {
	top     []Digest
	pages   [16][]Digest
	buckets map[uint16][]Leaf
}

// Build returns the stored form of the leaves, in any order, and its root and
// count. A key that comes twice is invalid.
func Build(leaves []Leaf) (*Memory, Edit, error) {
	m := &Memory{buckets: map[uint16][]Leaf{}}
	b := NewBuilder(func(p Page) error {
		m.pages[p.Index] = p.Digests
		return nil
	})
	for _, l := range slices.SortedFunc(slices.Values(leaves), byKey) {
		if err := b.Add(l); err != nil {
			return nil, Edit{}, err
		}
		m.buckets[l.Key.bucket()] = append(m.buckets[l.Key.bucket()], l)
	}
	e, err := b.Finish()
	m.top = e.Top
	return m, e, err
}

func byKey(a, b Leaf) int { return bytes.Compare(a.Key[:], b.Key[:]) }

// Top returns the top row.
func (m *Memory) Top() ([]Digest, error) { return m.top, nil }

// Page returns one page.
func (m *Memory) Page(p byte) ([]Digest, error) { return m.pages[p], nil }

// Bucket returns the leaves of one bucket.
func (m *Memory) Bucket(prefix uint16) ([]Leaf, error) { return m.buckets[prefix], nil }

// Apply makes the changes. After an error nothing has changed.
func (m *Memory) Apply(changes []Change) (Edit, error) {
	e, err := Apply(m, changes)
	if err != nil {
		return Edit{}, err
	}
	if m.buckets == nil {
		m.buckets = map[uint16][]Leaf{}
	}
	m.top = e.Top
	for _, p := range e.Pages {
		m.pages[p.Index] = p.Digests
	}
	for _, c := range changes {
		bucket := c.Leaf.Key.bucket()
		// merge can't fail: Apply has merged the same change before.
		m.buckets[bucket], _ = merge(m.buckets[bucket], []Change{c})
	}
	return e, nil
}
