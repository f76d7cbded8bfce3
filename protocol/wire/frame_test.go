package wire

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/trie"
)

func TestFramesComeOutAsTheyWentIn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var line bytes.Buffer
		frames := rapid.SliceOf(rapid.SliceOfN(rapid.Byte(), 1, 400)).Draw(t, "frames")
		for _, f := range frames {
			must(0, WriteFrame(&line, f, 400))
		}
		r := iotest.OneByteReader(&line)
		for i, f := range frames {
			if got, err := ReadFrame(r, 400); err != nil || !bytes.Equal(got, f) {
				t.Fatalf("frame %d: %x, %v", i, got, err)
			}
		}
		if _, err := ReadFrame(r, 400); err != io.EOF {
			t.Fatalf("after the last: %v", err)
		}
	})
}

func TestFramesThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     error
	}{
		{"nothing", "", io.EOF},
		{"an empty frame", "\x00", protocol.ErrInvalid},
		{"one byte too many", "\x65" + strings.Repeat("a", 101), protocol.ErrInvalid},
		{"a length of a terabyte", "\xff\xff\xff\xff\xff\x1f", protocol.ErrInvalid},
		{"a length in a longer form", "\x81\x00a", protocol.ErrInvalid},
		{"a length cut off", "\x81", io.ErrUnexpectedEOF},
		{"a frame without its bytes", "\x05", io.ErrUnexpectedEOF},
		{"a frame cut off", "\x05abc", io.ErrUnexpectedEOF},
	} {
		if _, err := ReadFrame(strings.NewReader(c.in), 100); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if err := WriteFrame(io.Discard, make([]byte, 101), 100); !errors.Is(err, protocol.ErrInvalid) {
		t.Errorf("writes too much: %v", err)
	}
}

func object(s string) protocol.CID { return protocol.Sum(protocol.DagCBOR, []byte(s)) }

// someFrames holds one of each kind with every field set.
func someFrames() (requests []Request, responses []Response) {
	b := newBrand("tea")
	first, second := b.head(plain), b.later(1)
	children := bigShelf(40).children(nil)
	leaves := bigShelf(3).leaves(nil)
	head := object("head")
	requests = []Request{
		&BrandsRequest{}, &BrandsRequest{After: head},
		&HeadRequest{Brand: b.log.Brand()},
		&HeadRequest{Brand: b.log.Brand(), Have: &identity.HeadRef{Epoch: 1, Seq: 2, Head: head}},
		&IdentityRequest{Brand: b.log.Brand(), From: 3},
		&ChangesRequest{Brand: b.log.Brand(), Base: first.CID, Head: second.CID, After: "post/p1"},
		&DescendRequest{Brand: b.log.Brand(), Head: head, Asks: []Ask{{Have: HaveChildren(children)}, {Prefix: trie.Prefix{1, 15}}}},
		&LeavesRequest{Brand: b.log.Brand(), Head: head, Asks: []Ask{{Have: HaveLeaves(leaves)}, {Prefix: trie.Prefix{1, 15}}}},
		&SegmentRequest{Brand: b.log.Brand(), Head: head, Prefix: trie.Prefix{7}, After: "post/p1"},
		&RecordsRequest{Brand: b.log.Brand(), Head: head, Keys: []trie.Key{leaves[0].Key, leaves[1].Key}},
		&ContentRequest{Brand: b.log.Brand(), Content: protocol.Sum(protocol.Raw, nil), Offset: 9},
	}
	responses = []Response{
		&Status{Status: OK}, &Status{Status: Busy, Retry: 1500}, &End{Complete: true}, &End{},
		&BrandsPage{Brands: []protocol.CID{head, b.log.Brand()}},
		&HeadPage{Head: must(first.Encode()), Ops: 1}, &IdentityPage{Ops: [][]byte{must(b.log.Signed()[0].Encode())}},
		&ChangesPage{Changes: checkedOrder(Entry{Path: "post/a"}, NewEntry("post/b", record(1)), Entry{Path: "post/c", Record: head})},
		&DescendPage{Answers: []Children{AnswerChildren(children, nil), AnswerChildren(nil, HaveChildren(children))}},
		&LeavesPage{Answers: []Leaves{AnswerLeaves(leaves, nil), AnswerLeaves(leaves[1:], HaveLeaves(leaves))}},
		&SegmentPage{Entries: bigShelf(3).entries(nil)}, &RecordsPage{Records: [][]byte{record(3)}},
		&ContentPage{Size: 20, Offset: 9, Data: []byte("abc")},
	}
	return requests, responses
}

func checkedOrder(list ...Entry) []Entry {
	s := shelf{}
	byPath := map[protocol.Path]Entry{}
	for _, e := range list {
		s[e.Path], byPath[e.Path] = nil, e
	}
	var sorted []Entry
	for _, l := range s.leaves(nil) {
		sorted = append(sorted, byPath[l.Path])
	}
	return sorted
}

func TestEachKindOfFrameHasOneForm(t *testing.T) {
	requests, responses := someFrames()
	for _, r := range requests {
		data := must(EncodeRequest(r))
		if again := must(EncodeRequest(must(DecodeRequest(data)))); !bytes.Equal(again, data) {
			t.Errorf("%T: %x became %x", r, data, again)
		}
	}
	for _, r := range responses {
		data := must(EncodeResponse(r, MaxRelayedPage))
		if again := must(EncodeResponse(must(DecodeResponse(data)), MaxRelayedPage)); !bytes.Equal(again, data) {
			t.Errorf("%T: %x became %x", r, data, again)
		}
	}
}

func TestABlobIsItsBytesAndNothingElse(t *testing.T) {
	blob := bytes.Repeat([]byte("leaf "), 1000)
	id := protocol.Sum(protocol.Raw, blob)
	half := func(from, to int, data []byte) *ContentPage {
		return &ContentPage{Size: uint64(len(data)), Offset: uint64(from), Data: data[from:to]}
	}
	other := bytes.Clone(blob)
	other[4000] ^= 1
	for _, c := range []struct {
		name  string
		pages []*ContentPage
		good  bool
	}{
		{"whole", []*ContentPage{half(0, 5000, blob)}, true},
		{"in two", []*ContentPage{half(0, 3000, blob), half(3000, 5000, blob)}, true},
		{"half", []*ContentPage{half(0, 3000, blob)}, false},
		{"a byte changed", []*ContentPage{half(0, 3000, blob), half(3000, 5000, other)}, false},
		{"a gap", []*ContentPage{half(0, 3000, blob), half(3001, 5000, blob)}, false},
		{"nothing", nil, false},
	} {
		content := NewContent(id, 5000)
		var err error
		for _, p := range c.pages {
			err = errors.Join(err, content.Page(p))
		}
		if err = errors.Join(err, content.Finish()); (err == nil) != c.good {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if NewContent(id, 4999).Page(half(0, 10, blob)) == nil {
		t.Error("takes more than wanted")
	}
}

// A request has one form, and an error says whose fault it is.
func FuzzDecodeRequest(f *testing.F) {
	requests, _ := someFrames()
	for _, r := range requests {
		f.Add(must(EncodeRequest(r)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := DecodeRequest(data)
		if err != nil {
			if !errors.Is(err, protocol.ErrInvalid) && !errors.Is(err, ErrUnsupported) {
				t.Fatalf("unclassed: %v", err)
			}
			return
		}
		if again := must(EncodeRequest(r)); !bytes.Equal(again, data) {
			t.Fatalf("%x became %x", data, again)
		}
		if d, ok := r.(*DescendRequest); ok {
			for _, a := range d.Asks {
				AnswerChildren(bigShelf(2).children(nil), a.Have)
			}
		}
		if l, ok := r.(*LeavesRequest); ok {
			for _, a := range l.Asks {
				AnswerLeaves(bigShelf(2).leaves(nil), a.Have)
			}
		}
	})
}

// A part of an answer has one form, and no mirror takes over anything from one
// that nobody signed.
func FuzzDecodeResponse(f *testing.F) {
	_, responses := someFrames()
	for _, r := range responses {
		f.Add(must(EncodeResponse(r, MaxPage)))
	}
	b := newBrand("tea")
	own := bigShelf(5)
	head := bigShelf(70).sign(b, 1)
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := DecodeResponse(data)
		if err != nil {
			if !errors.Is(err, protocol.ErrInvalid) && !errors.Is(err, ErrUnsupported) {
				t.Fatalf("unclassed: %v", err)
			}
			return
		}
		if again := must(EncodeResponse(r, MaxPage)); !bytes.Equal(again, data) {
			t.Fatalf("%x became %x", data, again)
		}
		d := must(NewDescent(head, own))
		w, _, _ := d.Next()
		switch p := r.(type) {
		case *DescendPage:
			err = d.Children(w, p)
		case *LeavesPage:
			err = d.Leaves(w, p)
		case *SegmentPage:
			s := d.Segment(w)
			err = errors.Join(s.Page(p), d.EndSegment(w, s))
		case *ChangesPage:
			delta := NewDelta(own.sign(b, 0).Head, head.Head)
			err = delta.Page(p)
		default:
			return
		}
		if len(d.Changes()) > 0 || d.Done() {
			t.Fatalf("took %d changes: %v", len(d.Changes()), err)
		}
	})
}

// ReadFrame takes what WriteFrame writes and no other form of it.
func FuzzReadFrame(f *testing.F) {
	f.Add([]byte("\x03abc"))
	f.Add([]byte("\x80\x01" + strings.Repeat("x", 128)))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := ReadFrame(bytes.NewReader(data), 200)
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := WriteFrame(&again, got, 200); err != nil || !bytes.HasPrefix(data, again.Bytes()) {
			t.Fatalf("%x became %x: %v", data, again.Bytes(), err)
		}
	})
}
