package store

import (
	"errors"

	"github.com/stoa-commerce/stoa/protocol/trie"
)

// Bounds of what is read in one piece while a catalog is indexed, and of how many
// pieces wait to be written.
const (
	pieceLeaves = 512
	pieceBytes  = 1 << 20 // of records; the last one may be beyond
	pieceAhead  = 2
)

// indexing is a pass over leaves in key order. One side reads records and gathers
// them by group, the other hashes the leaves and writes what follows from them.
type indexing struct {
	b     *build
	trie  *trie.Builder
	ready chan piece
	stop  chan struct{} // closed when writing has failed

	piece piece
	size  int
	group group // the one that is being read
	first leafRow
	any   bool
}

// piece is some leaves, and the groups that end among them.
type piece struct {
	leaves []trie.Leaf
	groups []group
}

var errIndexing = errors.New("writing the index has failed")

func newIndexing(b *build) *indexing {
	in := &indexing{b: b, ready: make(chan piece, pieceAhead), stop: make(chan struct{})}
	in.trie = trie.NewBuilder(func(row trie.Row) error { return writeDigests(b.bulk, b.at, row) })
	return in
}

// leaf takes the next leaf.
func (in *indexing) leaf(row leafRow) error {
	in.b.bytes += uint64(row.Size)
	if in.any && !sameGroup(in.first, row) {
		if err := in.endGroup(); err != nil {
			return err
		}
	}
	record := meaning(row)
	in.piece.leaves = append(in.piece.leaves, row.Leaf)
	in.size += row.Size
	row.Record = nil
	in.group.add(row, record)
	in.first, in.any = row, true
	if len(in.piece.leaves) < pieceLeaves && in.size < pieceBytes {
		return nil
	}
	return in.send()
}

func sameGroup(a, b leafRow) bool { return [16]byte(a.Key[:16]) == [16]byte(b.Key[:16]) }

func (in *indexing) endGroup() error {
	in.group.complete()
	in.piece.groups = append(in.piece.groups, in.group)
	in.group, in.any = group{}, false
	return nil
}

// send hands over what was read.
func (in *indexing) send() error {
	select {
	case in.ready <- in.piece:
	case <-in.stop:
		return errIndexing
	}
	in.piece, in.size = piece{leaves: make([]trie.Leaf, 0, pieceLeaves)}, 0
	return nil
}

// write writes the pieces until there are no more.
func (in *indexing) write() error {
	for p := range in.ready {
		if err := in.writePiece(p); err != nil {
			close(in.stop)
			return err
		}
	}
	return nil
}

func (in *indexing) writePiece(p piece) error {
	for _, leaf := range p.leaves {
		if err := in.trie.Add(leaf); err != nil {
			return err
		}
	}
	for _, g := range p.groups {
		if err := in.b.indexGroup(g); err != nil {
			return err
		}
	}
	return nil
}
