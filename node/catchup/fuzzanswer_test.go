package catchup

import (
	"bytes"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// kindsOfAnswer are takers of one kind of pages each, made anew for every answer,
// and what they believe in the end.
func kindsOfAnswer(head catalog.SignedHead, content protocol.CID) map[byte]func() (take func(wire.Response) error, believes func() bool) {
	never := func() bool { return false }
	return map[byte]func() (func(wire.Response) error, func() bool){
		0: func() (func(wire.Response) error, func() bool) { return each((&brandList{}).page), never },
		1: func() (func(wire.Response) error, func() bool) { return each((&opList{limit: maxLog}).page), never },
		2: func() (func(wire.Response) error, func() bool) {
			s := wire.NewSegment(head.Head, nil, head.Root)
			p := &piece{segment: s, kept: map[protocol.Path][]byte{}}
			return each(p.entriesOf), func() bool { _, err := s.Finish(); return err == nil }
		},
		3: func() (func(wire.Response) error, func() bool) {
			c := wire.NewContent(content, 1<<20)
			return each(c.Page), func() bool { return c.Finish() == nil }
		},
	}
}

// Whatever a peer answers, the client ends, and believes only what is proven.
func FuzzAnswer(f *testing.F) {
	b, all, blob := newBrand("tea"), shelfOf(5), []byte("picture")
	head := b.sign(all)
	kinds := kindsOfAnswer(head, protocol.Sum(protocol.Raw, blob))
	good := goodAnswers(b, all, blob)
	for kind, answer := range good {
		f.Add(kind, answer)
		f.Add(kind, answer[:len(answer)-3])
	}
	client := NewClient(ClientOptions{})
	f.Fuzz(func(t *testing.T, kind byte, answer []byte) {
		start, ok := kinds[kind]
		if !ok {
			return
		}
		take, believes := start()
		var n tally
		a := &incoming{client: client, stream: &pipe{in: bytes.NewReader(answer)}, peer: "liar", max: wire.MaxPage, tally: &n}
		_, err := a.all(take)
		if err == nil && believes() && !bytes.HasPrefix(answer, good[kind]) && bytes.Count(answer, []byte("kind")) == 3 {
			t.Error("believes another answer")
		}
	})
}

// goodAnswers are the answers to be believed.
func goodAnswers(b *brand, all shelf, blob []byte) map[byte][]byte {
	segment := &wire.SegmentPage{}
	for _, l := range leavesOf(all) {
		segment.Entries = append(segment.Entries, wire.NewEntry(l.Path, all[l.Path]))
	}
	pages := map[byte]wire.Response{
		0: &wire.BrandsPage{Brands: []protocol.CID{b.id}},
		1: &wire.IdentityPage{Ops: b.ops},
		2: segment,
		3: &wire.ContentPage{Size: uint64(len(blob)), Data: blob},
	}
	answers := map[byte][]byte{}
	for kind, page := range pages {
		var out bytes.Buffer
		for _, f := range []wire.Response{&wire.Status{Status: wire.OK}, page, &wire.End{Complete: true}} {
			if err := wire.WriteFrame(&out, must(wire.EncodeResponse(f, wire.MaxPage)), wire.MaxPage); err != nil {
				panic(err)
			}
		}
		answers[kind] = out.Bytes()
	}
	return answers
}
