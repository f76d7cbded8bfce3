package wire

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
)

// ErrAskWhole reports an answer that doesn't fit what the asker has and said in
// short. Nobody may be at fault: short hashes can be made to collide. What Next
// returns then asks for the same again, saying nothing: ask the same peer, and its
// answer tells.
var ErrAskWhole = errors.New("answer does not fit what is here; ask for the whole")

// Own is the catalog that a mirror holds and descends with. Its errors are passed
// on, wrapped.
type Own interface {
	// Children returns what trie.Descend does.
	Children(prefix trie.Prefix) ([]trie.Digest, error)
	// Leaves returns all leaves under a prefix in key order.
	Leaves(prefix trie.Prefix) ([]trie.Leaf, error)
}

// Subtrees of at most so many leaves are asked for leaf by leaf, and whole new
// ones of at most so many record by record: fewer if the catalog's records are
// large on average, since a segment is of use only as a whole.
const (
	fewLeaves      = 64
	segmentRecords = 2048
	segmentBytes   = 3 << 19 // 1.5 MiB
)

// segment returns of how many new records a subtree is asked for as a whole.
func (d *Descent) segment() uint64 {
	average := d.head.Bytes/max(1, d.head.Count) + 1
	return min(segmentRecords, max(fewLeaves, segmentBytes/average))
}

// With a catalog of so many leaves the first question is about the children of
// the root and, to save a round trip, about their children too.
const manyLeaves = 1000

// Descent finds out in what a catalog differs from a signed root: it says what to
// ask and judges each answer by itself against the root, so that answers may come
// from many peers at once and one that lies is known by its own answer. With an
// empty catalog it is a full sync in segments. It is not safe for concurrent use.
type Descent struct {
	head    catalog.SignedHead
	own     Own
	open    []task
	out     int
	changes []trie.Change
}

// task is a subtree whose hash is proven and whose content is not known.
type task struct {
	prefix  trie.Prefix
	hash    trie.Hash
	count   uint64 // a hint: the larger of theirs and ours
	mine    bool   // the asker has leaves there
	whole   bool   // say nothing of what the asker has
	descend bool   // leaves were too many for a page
	flat    bool   // where children lie can't be told: take all at once
}

// Work is something to ask one peer. Hand it back with the answer, or to Return.
type Work struct {
	Request Request
	tasks   []task
	guesses []trie.Prefix // asked about behind the tasks, before their hashes are known
}

// NewDescent starts at the root of a verified head.
func NewDescent(head catalog.SignedHead, own Own) (*Descent, error) {
	d := &Descent{head: head, own: own}
	children, err := own.Children(nil)
	if err != nil {
		return nil, fmt.Errorf("read own catalog: %w", err)
	}
	if trie.VerifyDescent(head.Root, nil, children) == nil {
		return d, nil
	}
	return d, d.differ(task{hash: head.Root, count: max(head.Count, total(children)), mine: len(children) > 0})
}

func total(children []trie.Digest) (n uint64) {
	for _, c := range children {
		n += c.Count
	}
	return n
}

// differ opens a task, or settles it when the subtree has nothing any more.
func (d *Descent) differ(t task) error {
	if t.hash.Empty() {
		return d.settle(t, nil)
	}
	d.open = append(d.open, t)
	return nil
}

// settle notes what makes the asker's leaves under the prefix into the given
// ones, which are proven.
func (d *Descent) settle(t task, leaves []trie.Leaf) error {
	own, err := d.own.Leaves(t.prefix)
	if err != nil {
		return fmt.Errorf("read own leaves: %w", err)
	}
	d.changes = append(d.changes, difference(own, leaves)...)
	return nil
}

// difference returns the changes that make one list of leaves, in key order, into
// another.
func difference(from, to []trie.Leaf) (changes []trie.Change) {
	for len(from) > 0 || len(to) > 0 {
		switch order := compareFirst(from, to); {
		case order < 0:
			changes, from = append(changes, trie.Delete(from[0].Path)), from[1:]
		case order > 0:
			changes, to = append(changes, trie.Change{Leaf: to[0]}), to[1:]
		default:
			if from[0] != to[0] {
				changes = append(changes, trie.Change{Leaf: to[0]})
			}
			from, to = from[1:], to[1:]
		}
	}
	return changes
}

// compareFirst orders two lists by their first leaves, an empty one last.
func compareFirst(a, b []trie.Leaf) int {
	switch {
	case len(a) == 0:
		return 1
	case len(b) == 0:
		return -1
	}
	return bytes.Compare(a[0].Key[:], b[0].Key[:])
}

// way says by which request a task is asked.
func (d *Descent) way(t task) string {
	few := uint64(fewLeaves)
	if t.flat {
		few = MaxHaveLeaves
	}
	switch {
	case t.mine && t.count <= few && !t.descend:
		return "leaves"
	case t.flat || !t.mine && t.count <= d.segment() && !t.descend:
		return "segment"
	case len(t.prefix) == trie.MaxPrefix:
		return "segment"
	}
	return "descend"
}

// Next returns what to ask next, many subtrees at once, and false when there is
// nothing to ask now. The answer's other pages need the same request with After.
func (d *Descent) Next() (Work, bool, error) {
	if len(d.open) == 0 {
		return Work{}, false, nil
	}
	way := d.way(d.open[0])
	if way == "segment" {
		t := d.open[0]
		d.open, d.out = d.open[1:], d.out+1
		r := &SegmentRequest{Brand: d.head.Brand, Head: d.head.CID, Prefix: t.prefix}
		return Work{Request: r, tasks: []task{t}}, true, nil
	}
	w, asks, err := d.gather(way)
	if err != nil {
		return Work{}, false, err
	}
	if way == "descend" {
		if asks, err = d.guess(&w, asks); err != nil {
			return Work{}, false, err
		}
		w.Request = &DescendRequest{Brand: d.head.Brand, Head: d.head.CID, Asks: asks}
	} else {
		w.Request = &LeavesRequest{Brand: d.head.Brand, Head: d.head.CID, Asks: asks}
	}
	return w, true, nil
}

// asksBytes is how many bytes of asks a request takes: MaxRequest without what
// stands around them.
const asksBytes = MaxRequest - 256

// gather takes tasks of one way from the queue, as many as a request holds.
func (d *Descent) gather(way string) (w Work, asks []Ask, err error) {
	size := 0
	var rest []task
	for i, t := range d.open {
		if d.way(t) != way || len(asks) == MaxAsks {
			rest = append(rest, t)
			continue
		}
		ask, err := d.ask(t)
		if err != nil {
			return Work{}, nil, err
		}
		if size += len(ask.Prefix) + len(ask.Have) + 8; size > asksBytes {
			rest = append(rest, d.open[i:]...)
			break
		}
		asks, w.tasks = append(asks, ask), append(w.tasks, t)
	}
	d.open, d.out = rest, d.out+1
	return w, asks, nil
}

// guess adds the children of the root to asks that are about the root alone.
func (d *Descent) guess(w *Work, asks []Ask) ([]Ask, error) {
	if t := w.tasks[0]; len(t.prefix) > 0 || t.whole || !t.mine || t.count < manyLeaves {
		return asks, nil
	}
	for i := range byte(16) {
		t := task{prefix: trie.Prefix{i}, descend: true}
		ask, err := d.ask(t)
		if err != nil {
			return nil, err
		}
		asks, w.guesses = append(asks, ask), append(w.guesses, t.prefix)
	}
	return asks, nil
}

func (d *Descent) ask(t task) (Ask, error) {
	ask := Ask{Prefix: t.prefix}
	if t.whole {
		return ask, nil
	}
	if d.way(t) == "leaves" {
		own, err := d.ownLeaves(t)
		ask.Have = HaveLeaves(own)
		return ask, err
	}
	own, err := d.ownChildren(t)
	ask.Have = HaveChildren(own)
	return ask, err
}

// ownChildren returns the children that an ask speaks of.
func (d *Descent) ownChildren(t task) ([]trie.Digest, error) {
	if t.whole {
		return nil, nil
	}
	own, err := d.own.Children(t.prefix)
	if err != nil {
		err = fmt.Errorf("read own catalog: %w", err)
	}
	return own, err
}

// ownLeaves returns the leaves that an ask speaks of.
func (d *Descent) ownLeaves(t task) ([]trie.Leaf, error) {
	if t.whole {
		return nil, nil
	}
	own, err := d.own.Leaves(t.prefix)
	if err != nil {
		err = fmt.Errorf("read own leaves: %w", err)
	}
	return own[:min(len(own), MaxHaveLeaves)], err
}

// Return hands back work that was not answered, so that another peer gets it.
func (d *Descent) Return(w Work) {
	d.out--
	d.open = append(d.open, w.tasks...)
}

// Oversize hands back work that a peer answered with the status Oversize: its
// subtrees are asked for in smaller parts.
func (d *Descent) Oversize(w Work) {
	for i := range w.tasks {
		w.tasks[i].descend = true
	}
	d.Return(w)
}

// Done reports whether all is known: no work is open or out.
func (d *Descent) Done() bool { return len(d.open) == 0 && d.out == 0 }

// Changes returns the changes found so far, each proven by itself. Once Done, they
// make the asker's catalog into that of the head.
func (d *Descent) Changes() []trie.Change { return slices.Clone(d.changes) }

// Take returns the changes found since it was called last, and forgets them: a
// full sync of a large catalog need not keep them all in memory.
func (d *Descent) Take() []trie.Change {
	taken := d.changes
	d.changes = nil
	return taken
}
