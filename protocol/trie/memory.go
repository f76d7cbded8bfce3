package trie

import "slices"

// Memory is a Source in memory, for tools that hold all leaves anyway: tests,
// vectors, an archive that is being looked at. The zero value is the empty trie.
type Memory struct {
	// Both by prefix.
	rows    map[string][]Digest
	buckets map[string][]Leaf
}

// Build returns the stored form of the leaves, in any order, and its root and
// count. A key that comes twice is invalid.
func Build(leaves []Leaf) (*Memory, Edit, error) {
	m := &Memory{map[string][]Digest{}, map[string][]Leaf{}}
	b := NewBuilder(func(row Row) error {
		m.rows[string(row.Prefix)] = row.Digests
		return nil
	})
	for _, l := range slices.SortedFunc(slices.Values(leaves), byKey) {
		if err := b.Add(l); err != nil {
			return nil, Edit{}, err
		}
		bucket := string(prefixOf(l.Key, Levels))
		m.buckets[bucket] = append(m.buckets[bucket], l)
	}
	e, err := b.Finish()
	return m, e, err
}

// Digests returns one row.
func (m *Memory) Digests(prefix Prefix) ([]Digest, error) { return m.rows[string(prefix)], nil }

// Bucket returns the leaves of one bucket.
func (m *Memory) Bucket(prefix Prefix) ([]Leaf, error) { return m.buckets[string(prefix)], nil }

// Apply makes the changes. After an error nothing has changed.
func (m *Memory) Apply(changes []Change) (Edit, error) {
	e, err := Apply(m, changes)
	if err != nil {
		return Edit{}, err
	}
	if m.rows == nil {
		m.rows, m.buckets = map[string][]Digest{}, map[string][]Leaf{}
	}
	for _, row := range e.Rows {
		m.set(row)
	}
	for _, c := range changes {
		bucket := string(prefixOf(c.Leaf.Key, Levels))
		// merge can't fail: Apply has merged the same change before.
		m.buckets[bucket], _ = merge(m.buckets[bucket], []Change{c})
	}
	return e, nil
}

func (m *Memory) set(row Row) {
	if len(row.Digests) == 0 {
		delete(m.rows, string(row.Prefix))
		return
	}
	m.rows[string(row.Prefix)] = row.Digests
}
