package trie

import "fmt"

// Audit hashes every leaf of src anew and returns the root and count, or
// ErrCorrupt where a digest is not what its leaves add up to. It tells a damaged
// store from a peer's wrong changes when roots differ. It holds Levels rows and
// one bucket at a time; a million leaves take about a second.
func Audit(src Source) (Hash, uint64, error) {
	top, err := readTop(src)
	if err != nil {
		return Hash{}, 0, err
	}
	sum, err := auditRow(src, nil, top)
	if err != nil {
		return Hash{}, 0, err
	}
	return sum.Hash, sum.Count, nil
}

// auditRow compares each digest of the row with what it sums up, and returns the
// digest of the row.
func auditRow(src Source, prefix Prefix, row []Digest) (Digest, error) {
	for _, d := range row {
		child := prefix.Child(d.Index)
		got, err := audit(src, child, d)
		if err != nil {
			return Digest{}, err
		}
		if got != d {
			return Digest{}, fmt.Errorf("digest of %s: %w", child, ErrCorrupt)
		}
	}
	return sumRow(prefix, row), nil
}

// audit returns the true digest of what lies under prefix, which d is to sum up.
func audit(src Source, prefix Prefix, d Digest) (Digest, error) {
	if len(prefix) == Levels {
		leaves, err := readBucket(src, prefix, d)
		return sumLeaves(prefix, leaves), err
	}
	row, err := readRow(src, prefix, d)
	if err != nil {
		return Digest{}, err
	}
	return auditRow(src, prefix, row)
}
