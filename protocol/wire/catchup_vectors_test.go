package wire

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
)

// catchupVector holds the fields of all kinds; specs/12-catchup.md §9 says what
// they mean.
type catchupVector struct {
	Name, Kind, Error string
	Valid             bool
	Bytes, Frame      hexBytes
	Max               int
	CBOR              hexBytes
	Content           protocol.CID
	Pages             []hexBytes
	Own               []struct {
		Path   protocol.Path
		Record protocol.CID
	}
	Base, Head hexBytes
	Steps      []answerStep
}

type answerStep struct {
	Peer, Verdict string
	Hashes        []trie.Hash
	Request       hexBytes
	Answer        []hexBytes
}

func TestCatchUpVectors(t *testing.T) {
	name := func(v catchupVector) string { return v.Kind + " " + v.Name }
	eachVector(t, "catchup.json", 60, name, func(t *testing.T, v catchupVector) {
		switch v.Kind {
		case "stream":
			frame, err := ReadFrame(bytes.NewReader(v.Bytes), v.Max)
			early := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
			if (err == nil) != v.Valid || !bytes.Equal(frame, v.Frame) || early != (v.Error == "early") {
				t.Errorf("%x: %v", frame, err)
			}
		case "request":
			r, err := DecodeRequest(v.CBOR)
			v.decoded(t, err, func() []byte { return must(EncodeRequest(r)) })
		case "response":
			r, err := DecodeResponse(v.CBOR)
			v.decoded(t, err, func() []byte { return must(EncodeResponse(r, MaxPage)) })
		case "content":
			c := NewContent(v.Content, MaxContent)
			var err error
			for _, p := range v.Pages {
				err = errors.Join(err, c.Page(must(DecodeResponse(p)).(*ContentPage)))
			}
			if err = errors.Join(err, c.Finish()); (err == nil) != v.Valid {
				t.Error(err)
			}
		case "scenario":
			v.follow(t)
		default:
			t.Errorf("kind %s", v.Kind)
		}
	})
}

func (v catchupVector) decoded(t *testing.T, err error, again func() []byte) {
	if (err == nil) != v.Valid || errors.Is(err, ErrUnsupported) != (v.Error == "unsupported") || errors.Is(err, protocol.ErrInvalid) != (v.Error == "form") {
		t.Fatal(err)
	}
	if v.Valid && !bytes.Equal(again(), v.CBOR) {
		t.Error("encodes to other bytes")
	}
}

// index is a catalog of leaves without records.
type index []trie.Leaf

func (x index) Leaves(prefix trie.Prefix) (all []trie.Leaf, err error) {
	for _, l := range x {
		if under(prefix, l.Key) {
			all = append(all, l)
		}
	}
	return all, nil
}

func (x index) Children(prefix trie.Prefix) (all []trie.Digest, err error) {
	for i := range byte(16) {
		if list, _ := x.Leaves(prefix.Child(i)); len(list) > 0 {
			all = append(all, trie.Digest{Index: i, Hash: must(trie.Root(list)), Count: uint64(len(list))})
		}
	}
	return all, nil
}

func (x index) apply(changes []trie.Change) (trie.Hash, uint64, error) {
	at := map[trie.Key]trie.Leaf{}
	for _, l := range x {
		at[l.Key] = l
	}
	for _, c := range changes {
		if at[c.Leaf.Key] = c.Leaf; c.Delete {
			delete(at, c.Leaf.Key)
		}
	}
	var next index
	for _, l := range at {
		next = append(next, l)
	}
	slices.SortFunc(next, func(a, b trie.Leaf) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	root, err := trie.Root(next)
	return root, uint64(len(next)), err
}

func (v catchupVector) follow(t *testing.T) {
	base, head := must(catalog.DecodeHead(v.Base)), must(catalog.DecodeHead(v.Head))
	var own index
	for _, o := range v.Own {
		own = append(own, trie.NewLeaf(o.Path, o.Record))
	}
	if root, _, _ := own.apply(nil); root != base.Root {
		t.Fatalf("what the mirror holds is %s, not %s", root, base.Root)
	}
	for i, s := range v.Steps {
		err := s.judge(own, base, head)
		verdict := "good"
		switch {
		case errors.Is(err, protocol.ErrInvalid):
			verdict = "lie"
		case errors.Is(err, ErrAskWhole):
			verdict = "whole"
		case err != nil:
			t.Fatal(err)
		}
		if verdict != s.Verdict {
			t.Errorf("step %d, %s: %s (%v), want %s", i, s.Peer, verdict, err, s.Verdict)
		}
	}
}

// judge has a fresh descent take one answer whose subtrees are proven.
func (s answerStep) judge(own index, base, head catalog.SignedHead) error {
	var page Response
	for _, f := range s.Answer {
		switch p := must(DecodeResponse(f)).(type) {
		case *Status, *End:
		default:
			page = p
		}
	}
	d := &Descent{head: head, own: own, out: 1}
	switch r := must(DecodeRequest(s.Request)).(type) {
	case *ChangesRequest:
		delta := NewDelta(base.Head, head.Head)
		if err := delta.Page(page.(*ChangesPage)); err != nil {
			return err
		}
		_, err := delta.Finish(own.apply)
		return err
	case *DescendRequest:
		return d.Children(s.work(r.Asks, true), page.(*DescendPage))
	case *LeavesRequest:
		return d.Leaves(s.work(r.Asks, false), page.(*LeavesPage))
	case *SegmentRequest:
		w := s.work([]Ask{{Prefix: r.Prefix}}, false)
		segment := d.Segment(w)
		return errors.Join(segment.Page(page.(*SegmentPage)), d.EndSegment(w, segment))
	}
	return errors.New("a request of no use here")
}

func (s answerStep) work(asks []Ask, descend bool) (w Work) {
	for i, a := range asks {
		w.tasks = append(w.tasks, task{prefix: a.Prefix, hash: s.Hashes[i], count: 1, mine: true, whole: len(a.Have) == 0, descend: descend})
	}
	return w
}
