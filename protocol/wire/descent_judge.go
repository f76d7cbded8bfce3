package wire

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/trie"
)

// Children judges the answer to a DescendRequest. An error that wraps
// protocol.ErrInvalid means that the peer lied; after ErrAskWhole as after that,
// what is not known yet is open again.
func (d *Descent) Children(w Work, p *DescendPage) error {
	if err := d.each(w, len(p.Answers), func(i int, t task) error { return d.child(t, p.Answers[i]) }); err != nil {
		return err
	}
	for i, prefix := range w.guesses {
		if t, ok := d.take(prefix); ok {
			if err := d.child(t, p.Answers[len(w.tasks)+i]); err != nil {
				return d.again(t, err)
			}
		}
	}
	return nil
}

// take takes the task of a prefix from the queue, if children are to be asked for.
func (d *Descent) take(prefix trie.Prefix) (task, bool) {
	i := slices.IndexFunc(d.open, func(t task) bool { return bytes.Equal(t.prefix, prefix) && t.mine && d.way(t) == "descend" })
	if i < 0 {
		return task{}, false
	}
	t := d.open[i]
	d.open = slices.Delete(d.open, i, i+1)
	return t, true
}

func (d *Descent) child(t task, answer Children) error {
	own, err := d.ownChildren(t)
	if err != nil {
		return err
	}
	all, err := answer.merge(own)
	if err != nil {
		return err
	}
	if err := trie.VerifyDescent(t.hash, t.prefix, all); err != nil {
		return err
	}
	return d.branch(t, all)
}

// each judges one answer for every task and opens again what has none.
func (d *Descent) each(w Work, answers int, judge func(int, task) error) error {
	d.out--
	if asks := len(w.tasks) + len(w.guesses); answers != asks {
		d.open = append(d.open, w.tasks...)
		return protocol.Invalid("answer", "%d answers to %d asks", answers, asks)
	}
	var failed error
	for i, t := range w.tasks {
		err := judge(i, t)
		if err == nil {
			continue
		}
		err = d.again(t, err)
		if failed == nil || errors.Is(err, protocol.ErrInvalid) {
			failed = err
		}
	}
	return failed
}

// again opens a task whose answer failed, and returns what that means.
func (d *Descent) again(t task, err error) error {
	if errors.Is(err, protocol.ErrInvalid) && t.mine && !t.whole {
		t.whole, err = true, fmt.Errorf("%w (%v)", ErrAskWhole, err)
	}
	d.open = slices.Insert(d.open, 0, t)
	return err
}

// branch goes on at the children of a subtree. Where the hash of the subtree
// doesn't show under which nibble one lies that differs, all leaves or records are taken
// instead.
func (d *Descent) branch(t task, theirs []trie.Digest) error {
	own, err := d.own.Children(t.prefix)
	if err != nil {
		return fmt.Errorf("read own catalog: %w", err)
	}
	var differ []task
	for i := range byte(16) {
		a, b := childAt(own, i), childAt(theirs, i)
		if a.Hash == b.Hash {
			continue
		}
		if b.Count > 0 && !anchored(theirs, i) {
			t.flat = true
			d.open = append(d.open, t)
			return nil
		}
		differ = append(differ, task{prefix: t.prefix.Child(i), hash: b.Hash, count: max(a.Count, b.Count), mine: a.Count > 0})
	}
	for _, child := range differ {
		if err := d.differ(child); err != nil {
			return err
		}
	}
	return nil
}

func childAt(children []trie.Digest, index byte) trie.Digest {
	for _, c := range children {
		if c.Index == index {
			return c
		}
	}
	return trie.Digest{}
}

// anchored reports whether the crit-bits of the children tell the index of one of
// them: for each of its bits there is another child that has the same bits before
// it and differs in it.
func anchored(children []trie.Digest, index byte) bool {
	for b := range 4 {
		beside := func(x trie.Digest) bool { return (x.Index^index)>>(3-b) == 1 }
		if !slices.ContainsFunc(children, beside) {
			return false
		}
	}
	return true
}

// Leaves judges the answer to a LeavesRequest; errors are those of Children. The
// records of the leaves it found are to be asked for by RecordsRequest.
func (d *Descent) Leaves(w Work, p *LeavesPage) error {
	return d.each(w, len(p.Answers), func(i int, t task) error {
		own, err := d.ownLeaves(t)
		if err != nil {
			return err
		}
		all, err := p.Answers[i].merge(own)
		if err != nil {
			return err
		}
		if err := trie.VerifyLeaves(t.hash, t.prefix, all); err != nil {
			return err
		}
		return d.settle(t, all)
	})
}

// Segment returns what takes the pages of the answer to a SegmentRequest.
func (d *Descent) Segment(w Work) *Segment {
	return NewSegment(d.head.Head, w.tasks[0].prefix, w.tasks[0].hash)
}

// EndSegment judges a segment whose answer has ended completely; an error that
// wraps protocol.ErrInvalid means that the peer lied, and the segment is open
// again.
func (d *Descent) EndSegment(w Work, s *Segment) error {
	d.out--
	leaves, err := s.Finish()
	if err == nil {
		err = d.settle(w.tasks[0], leaves)
	}
	if err != nil {
		d.open = append(d.open, w.tasks...)
	}
	return err
}
