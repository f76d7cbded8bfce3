package trie

import "fmt"

// Audit hashes every leaf of src anew and returns the root and count, or
// ErrCorrupt where a digest is not what its leaves add up to. It tells a damaged
// store from a peer's wrong changes when roots differ. It holds one page and one
// bucket at a time; a million leaves take about a second.
func Audit(src Source) (Hash, uint64, error) {
	top, err := readTop(src)
	if err != nil {
		return Hash{}, 0, err
	}
	for _, d := range top {
		if err := auditPage(src, d); err != nil {
			return Hash{}, 0, err
		}
	}
	return topRoot(top), countOf(top), nil
}

func auditPage(src Source, sum Digest) error {
	page, err := readPage(src, sum)
	if err != nil {
		return err
	}
	if sumPage(sum.Index, page) != sum {
		return fmt.Errorf("page %x: %w", sum.Index, ErrCorrupt)
	}
	for _, d := range page {
		leaves, err := readBucket(src, sum.Index, d)
		if err != nil {
			return err
		}
		if prefix := bucketOf(sum.Index, d.Index); sumBucket(prefix, leaves) != d {
			return fmt.Errorf("bucket %03x: %w", prefix, ErrCorrupt)
		}
	}
	return nil
}
