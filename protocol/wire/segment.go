package wire

import (
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
)

// Segment takes all records under one prefix and judges them by the hash of their
// subtree alone, so that each segment may come from another peer. Take one
// segment from one peer. It is not safe for concurrent use.
type Segment struct {
	prefix trie.Prefix
	hash   trie.Hash
	head   catalog.Head
	order  order
	leaves []trie.Leaf
	bytes  uint64
}

// NewSegment expects the records under prefix in the catalog of a verified head,
// where hash is that of their subtree, as a verified descent has shown.
func NewSegment(head catalog.Head, prefix trie.Prefix, hash trie.Hash) *Segment {
	return &Segment{head: head, prefix: prefix, hash: hash}
}

// Page takes a decoded page. An error means that the peer lied. Entries of a good
// page may be kept apart, until Finish; those with a link and no record are to be
// asked for by ContentRequest.
func (s *Segment) Page(p *SegmentPage) error {
	for _, e := range p.Entries {
		if err := s.order.next(e.Path); err != nil {
			return err
		}
		s.bytes += uint64(len(e.Data))
		if uint64(len(s.leaves)) >= s.head.Count || s.bytes > s.head.Bytes {
			return protocol.Invalid("segment", "more than the head allows at %s", e.Path)
		}
		s.leaves = append(s.leaves, trie.NewLeaf(e.Path, e.Record))
	}
	return nil
}

// After returns where a request goes on that continues the segment, "" at its
// beginning.
func (s *Segment) After() protocol.Path { return s.order.last }

// Finish returns all leaves of the segment in key order. An error means that the
// peer lied.
func (s *Segment) Finish() ([]trie.Leaf, error) {
	if err := trie.VerifyLeaves(s.hash, s.prefix, s.leaves); err != nil {
		return nil, err
	}
	return s.leaves, nil
}
