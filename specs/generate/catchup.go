package main

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// catchupVectors makes the cases of specs/12-catchup.md §9.
func catchupVectors() (any, error) {
	cases := slices.Concat(streams(), goodFrames(), badFrames(), contents(), []vec{honestStory(), lyingStory()})
	return vecSet{"12-catchup", "Frames of the catch-up protocol and what mirrors make of answers; specs/12-catchup.md §9 says what each kind holds.", cases}, nil
}

func streams() []vec {
	var cases []vec
	for _, c := range []struct{ name, bytes, class string }{
		{"a frame of three bytes", "03616263", ""}, {"a frame of 128 bytes", "8001" + hexed(make([]byte, 128)), ""},
		{"an empty frame", "00", "size"}, {"a length in a longer form", "830061", "varint"}, {"a length of five bytes", "8080808001", "varint"},
		{"more than 4096 bytes", "8120" + hexed(make([]byte, 4097)), "size"}, {"cut off in its length", "83", "early"}, {"cut off", "036162", "early"}, {"nothing", "", "early"},
	} {
		v := vec{"name": c.name, "kind": "stream", "bytes": c.bytes, "max": 4096, "valid": c.class == ""}
		if c.class == "" {
			v["frame"] = hexed(sure(wire.ReadFrame(bytes.NewReader(unhex(c.bytes)), 4096)))
		} else {
			v["error"] = c.class
		}
		cases = append(cases, v)
	}
	return cases
}

func requestVec(name string, r wire.Request) vec {
	return vec{"name": name, "kind": "request", "valid": true, "cbor": hexed(sure(wire.EncodeRequest(r)))}
}

func responseVec(name string, r wire.Response) vec {
	return vec{"name": name, "kind": "response", "valid": true, "cbor": hexed(sure(wire.EncodeResponse(r, wire.MaxPage)))}
}

func goodFrames() []vec {
	s := teaStall()
	brand, head, next := s.log.Brand(), s.head, s.next(1)
	rival := s.signed(func(h *catalog.Head) { h.Expires-- })
	ref := head.Ref()
	children, leaves := s.children(nil), s.leaves(nil)
	brands := []protocol.CID{brand, object("a"), object("b")}
	slices.SortFunc(brands[1:], func(a, b protocol.CID) int { return bytes.Compare(a.Bytes(), b.Bytes()) })
	return []vec{
		requestVec("brands", &wire.BrandsRequest{}), requestVec("brands, going on", &wire.BrandsRequest{After: brand}),
		requestVec("head", &wire.HeadRequest{Brand: brand}), requestVec("head, telling what is here", &wire.HeadRequest{Brand: brand, Have: &ref}),
		requestVec("identity", &wire.IdentityRequest{Brand: brand, From: 1}),
		requestVec("changes", &wire.ChangesRequest{Brand: brand, Base: head.CID, Head: next.CID}),
		requestVec("changes, going on", &wire.ChangesRequest{Brand: brand, Base: head.CID, Head: next.CID, After: "profile"}),
		requestVec("descend", &wire.DescendRequest{Brand: brand, Head: head.CID, Asks: []wire.Ask{{Have: wire.HaveChildren(children)}, {Prefix: trie.Prefix{15, 0}}}}),
		requestVec("leaves", &wire.LeavesRequest{Brand: brand, Head: head.CID, Asks: []wire.Ask{{Have: wire.HaveLeaves(leaves)}, {Prefix: trie.Prefix{1}}}}),
		requestVec("segment", &wire.SegmentRequest{Brand: brand, Head: head.CID, Prefix: trie.Prefix{3}, After: "profile"}),
		requestVec("records", &wire.RecordsRequest{Brand: brand, Head: head.CID, Keys: []trie.Key{leaves[0].Key, leaves[1].Key}}),
		requestVec("content", &wire.ContentRequest{Brand: brand, Content: blobNamed("a leaf"), Offset: 6}),
		responseVec("ok", &wire.Status{Status: wire.OK}), responseVec("busy", &wire.Status{Status: wire.Busy, Retry: 30_000}),
		responseVec("gone", &wire.Status{Status: wire.Gone}), responseVec("the end", &wire.End{Complete: true}), responseVec("an end before the end", &wire.End{}),
		responseVec("brands, the peer's own first", &wire.BrandsPage{Brands: brands}),
		responseVec("head", &wire.HeadPage{Head: sure(head.Encode()), Ops: 2}),
		responseVec("contested head", &wire.HeadPage{Head: sure(head.Encode()), Rival: sure(rival.Encode()), Ops: 2}),
		responseVec("identity", &wire.IdentityPage{Ops: [][]byte{unhex(s.ops()[0])}}),
		responseVec("changes", &wire.ChangesPage{Changes: inKeyOrder(wire.Entry{Path: "post/a"}, wire.NewEntry("profile", s.entries[0].Data), wire.Entry{Path: "post/b", Record: leaves[0].Record})}),
		responseVec("descend", &wire.DescendPage{Answers: []wire.Children{wire.AnswerChildren(children, nil), wire.AnswerChildren(nil, wire.HaveChildren(children))}}),
		responseVec("leaves", &wire.LeavesPage{Answers: []wire.Leaves{wire.AnswerLeaves(leaves, nil), wire.AnswerLeaves(leaves[1:], wire.HaveLeaves(leaves))}}),
		responseVec("segment", &wire.SegmentPage{Entries: s.under(trie.Prefix{})}), responseVec("records", &wire.RecordsPage{Records: [][]byte{s.entries[0].Data}}),
		responseVec("content", &wire.ContentPage{Size: 6, Offset: 2, Data: []byte("leaf")}),
	}
}

func inKeyOrder(list ...wire.Entry) []wire.Entry {
	slices.SortFunc(list, func(a, b wire.Entry) int {
		x, y := trie.KeyOf(a.Path), trie.KeyOf(b.Path)
		return bytes.Compare(x[:], y[:])
	})
	return list
}

func badFrames() []vec {
	s := teaStall()
	brand, head := s.log.Brand(), s.head.CID
	var cases []vec
	add := func(kind, name, class string, m map[string]any) {
		cases = append(cases, vec{"name": name, "kind": kind, "valid": false, "error": class, "cbor": hexed(sure(protocol.Marshal(m)))})
	}
	type m = map[string]any
	add("request", "of tomorrow", "unsupported", m{"v": 2, "kind": "head", "brand": brand})
	add("request", "of another kind", "unsupported", m{"v": 1, "kind": "gossip"})
	add("request", "no version", "form", m{"kind": "head", "brand": brand})
	add("request", "no kind", "form", m{"v": 1, "brand": brand})
	add("request", "no brand", "form", m{"v": 1, "kind": "head"})
	add("request", "a field too many", "form", m{"v": 1, "kind": "head", "brand": brand, "x": 1})
	add("request", "a brand that is raw", "form", m{"v": 1, "kind": "head", "brand": blobNamed("x")})
	add("request", "from operation 10000", "form", m{"v": 1, "kind": "identity", "brand": brand, "from": identity.MaxOps})
	add("request", "from a head to itself", "form", m{"v": 1, "kind": "changes", "brand": brand, "base": head, "head": head})
	add("request", "behind no path", "form", m{"v": 1, "kind": "changes", "brand": brand, "base": brand, "head": head, "after": "Post/A"})
	add("request", "no asks", "form", m{"v": 1, "kind": "descend", "brand": brand, "head": head, "asks": []any{}})
	add("request", "65 asks", "form", m{"v": 1, "kind": "descend", "brand": brand, "head": head, "asks": slices.Repeat([]any{[]any{[]byte{1}, []byte{}}}, 65)})
	add("request", "a prefix of 16", "form", m{"v": 1, "kind": "leaves", "brand": brand, "head": head, "asks": []any{[]any{[]byte{16}, []byte{}}}})
	add("request", "children that don't fit their bitmap", "form", m{"v": 1, "kind": "descend", "brand": brand, "head": head, "asks": []any{[]any{[]byte{}, make([]byte, 6)}}})
	add("request", "a leaf and a half", "form", m{"v": 1, "kind": "leaves", "brand": brand, "head": head, "asks": []any{[]any{[]byte{}, make([]byte, 6)}}})
	add("request", "brands behind nothing", "form", m{"v": 1, "kind": "brands", "after": nil})
	add("request", "brands behind a blob", "form", m{"v": 1, "kind": "brands", "after": blobNamed("x")})
	add("request", "no records", "form", m{"v": 1, "kind": "records", "brand": brand, "head": head, "keys": []any{}})
	add("request", "records of no head", "form", m{"v": 1, "kind": "records", "brand": brand, "keys": keys(1, 2)})
	add("request", "a record twice", "form", m{"v": 1, "kind": "records", "brand": brand, "head": head, "keys": keys(1, 1)})
	add("request", "records not in the order of their keys", "form", m{"v": 1, "kind": "records", "brand": brand, "head": head, "keys": keys(2, 1)})
	add("request", "65 records", "form", m{"v": 1, "kind": "records", "brand": brand, "head": head, "keys": keys(upTo(65)...)})
	add("request", "a key of 31 bytes", "form", m{"v": 1, "kind": "records", "brand": brand, "head": head, "keys": []any{make([]byte, 31)}})
	add("request", "a key of 33 bytes", "form", m{"v": 1, "kind": "records", "brand": brand, "head": head, "keys": []any{make([]byte, 33)}})
	add("request", "content beyond 20 MiB", "form", m{"v": 1, "kind": "content", "brand": brand, "content": head, "offset": 20 << 20})
	add("response", "a status unheard of", "form", m{"v": 1, "kind": "status", "status": "fine"})
	add("response", "retry what won't help", "form", m{"v": 1, "kind": "status", "status": "gone", "retry": 1})
	add("response", "an end without word", "form", m{"v": 1, "kind": "end"})
	add("response", "a page of no brands", "form", m{"v": 1, "kind": "brands", "brands": []any{}})
	add("response", "a brand twice", "form", m{"v": 1, "kind": "brands", "brands": []any{brand, brand}})
	add("response", "brands out of order", "form", m{"v": 1, "kind": "brands", "brands": descending(object("a"), object("b"), object("c"))})
	add("response", "a blob among brands", "form", m{"v": 1, "kind": "brands", "brands": []any{blobNamed("x")}})
	add("response", "a page of nothing", "form", m{"v": 1, "kind": "segment", "entries": []any{}})
	add("response", "a deletion in a segment", "form", m{"v": 1, "kind": "segment", "entries": []any{[]any{"profile", nil}}})
	add("response", "a change twice", "form", m{"v": 1, "kind": "changes", "changes": []any{[]any{"profile", nil}, []any{"profile", nil}}})
	add("response", "a record that is none", "form", m{"v": 1, "kind": "changes", "changes": []any{[]any{"profile", []byte{0xff}}}})
	add("response", "a rival that contests nothing", "form", m{"v": 1, "kind": "head", "head": sure(s.head.Encode()), "rival": sure(s.next(1).Encode()), "ops": 2})
	add("response", "content beyond its size", "form", m{"v": 1, "kind": "content", "size": 3, "offset": 2, "data": []byte("leaf")})
	return cases
}

func object(name string) protocol.CID { return protocol.Sum(protocol.DagCBOR, []byte(name)) }

func descending(ids ...protocol.CID) []protocol.CID {
	slices.SortFunc(ids, func(a, b protocol.CID) int { return bytes.Compare(b.Bytes(), a.Bytes()) })
	return ids
}

// keys are keys of a catalog that begin with the bytes given.
func keys(first ...byte) (list [][]byte) {
	for _, b := range first {
		list = append(list, append([]byte{b}, make([]byte, 31)...))
	}
	return list
}

func upTo(n int) (list []byte) {
	for i := range n {
		list = append(list, byte(i))
	}
	return list
}

func contents() []vec {
	blob := []byte("a leaf")
	page := func(from, to int, data []byte) string {
		return hexed(sure(wire.EncodeResponse(&wire.ContentPage{Size: uint64(len(data)), Offset: uint64(from), Data: data[from:to]}, wire.MaxPage)))
	}
	var cases []vec
	for _, c := range []struct {
		name  string
		pages []string
		good  bool
	}{
		{"in one", []string{page(0, 6, blob)}, true}, {"in two", []string{page(0, 2, blob), page(2, 6, blob)}, true},
		{"a gap", []string{page(0, 2, blob), page(3, 6, blob)}, false}, {"half of it", []string{page(0, 2, blob)}, false},
		{"another", []string{page(0, 6, []byte("a loaf"))}, false},
	} {
		cases = append(cases, vec{"name": c.name, "kind": "content", "valid": c.good, "content": blobNamed("a leaf"), "pages": c.pages})
	}
	return cases
}

func (s *stall) children(prefix trie.Prefix) []trie.Digest { return sure(trie.Descend(s.trie, prefix)) }

func (s *stall) under(prefix trie.Prefix) (list []wire.Entry) {
	for _, e := range s.entries {
		if k := trie.KeyOf(e.Path); len(prefix) == 0 || k[0]>>4 == prefix[0] {
			list = append(list, wire.NewEntry(e.Path, e.Data))
		}
	}
	return list
}

// leaves returns those under a prefix of at most one nibble.
func (s *stall) leaves(prefix trie.Prefix) (list []trie.Leaf) {
	for _, e := range s.under(prefix) {
		list = append(list, trie.NewLeaf(e.Path, e.Record))
	}
	return list
}

// postStall has posts in such number that every first nibble occurs.
func postStall(edited ...int) *stall {
	var records []catalog.Record
	for i := range 100 {
		p := &catalog.Post{Header: catalog.HeaderOf(catalog.TypePost), Handle: protocol.Handle(fmt.Sprint("p", i)), Title: "Hello", Date: stallNow}
		if slices.Contains(edited, i) {
			p.Title = "Hello again"
		}
		records = append(records, p)
	}
	return stallOf("posts", records...)
}

// caughtUp tells how a mirror of one stall takes answers about another.
type caughtUp struct {
	own, head *stall
	steps     []vec
}

func (c *caughtUp) step(peer string, verdict string, hashes []trie.Hash, r wire.Request, pages ...wire.Response) {
	var answer []string
	for _, p := range slices.Concat([]wire.Response{&wire.Status{Status: wire.OK}}, pages, []wire.Response{&wire.End{Complete: true}}) {
		answer = append(answer, hexed(sure(wire.EncodeResponse(p, wire.MaxPage))))
	}
	c.steps = append(c.steps, vec{"peer": peer, "verdict": verdict, "hashes": hashes, "request": hexed(sure(wire.EncodeRequest(r))), "answer": answer})
}

func (c *caughtUp) tells(name string) vec {
	var own []vec
	for _, l := range c.own.leaves(nil) {
		own = append(own, vec{"path": l.Path, "record": l.Record})
	}
	return vec{"name": name, "kind": "scenario", "valid": true, "own": own, "base": hexed(sure(c.own.head.Encode())), "head": hexed(sure(c.head.head.Encode())), "steps": c.steps}
}

func (c *caughtUp) changes() (*wire.ChangesRequest, *wire.ChangesPage) {
	page := &wire.ChangesPage{}
	for i, e := range c.head.under(nil) {
		if c.own.entries[i].CID != e.Record {
			page.Changes = append(page.Changes, e)
		}
	}
	return &wire.ChangesRequest{Brand: c.head.log.Brand(), Base: c.own.head.CID, Head: c.head.head.CID}, page
}

func (c *caughtUp) descend(have []byte) (*wire.DescendRequest, *wire.DescendPage) {
	return &wire.DescendRequest{Brand: c.head.log.Brand(), Head: c.head.head.CID, Asks: []wire.Ask{{Have: have}}},
		&wire.DescendPage{Answers: []wire.Children{wire.AnswerChildren(c.head.children(nil), have)}}
}

func (c *caughtUp) leaves(prefix trie.Prefix, have []byte) (*wire.LeavesRequest, *wire.LeavesPage) {
	return &wire.LeavesRequest{Brand: c.head.log.Brand(), Head: c.head.head.CID, Asks: []wire.Ask{{Prefix: prefix, Have: have}}},
		&wire.LeavesPage{Answers: []wire.Leaves{wire.AnswerLeaves(c.head.leaves(prefix), have)}}
}

func (c *caughtUp) segment(prefix trie.Prefix) (*wire.SegmentRequest, *wire.SegmentPage) {
	return &wire.SegmentRequest{Brand: c.head.log.Brand(), Head: c.head.head.CID, Prefix: prefix}, &wire.SegmentPage{Entries: c.head.under(prefix)}
}

// place returns the first nibble of post 17 and the hash of the subtree there.
func (c *caughtUp) place() (trie.Prefix, []trie.Hash) {
	k := trie.KeyOf("post/p17")
	for _, d := range c.head.children(nil) {
		if d.Index == k[0]>>4 {
			return trie.Prefix{d.Index}, []trie.Hash{d.Hash}
		}
	}
	panic("post 17 is missing")
}

func newCatchUp() *caughtUp { return &caughtUp{own: postStall(), head: postStall(17, 40)} }

func honestStory() vec {
	c := newCatchUp()
	prefix, hash := c.place()
	root := []trie.Hash{c.head.root}
	r, p := c.changes()
	c.step("a", "good", nil, r, p)
	d, children := c.descend(nil)
	c.step("a", "good", root, d, children)
	d, children = c.descend(wire.HaveChildren(c.own.children(nil)))
	c.step("b", "good", root, d, children)
	l, leaves := c.leaves(prefix, nil)
	c.step("c", "good", hash, l, leaves)
	l, leaves = c.leaves(prefix, wire.HaveLeaves(c.own.leaves(prefix)))
	c.step("a", "good", hash, l, leaves)
	s, segment := c.segment(prefix)
	c.step("b", "good", hash, s, segment)
	return c.tells("honest answers of every kind")
}

func lyingStory() vec {
	c := newCatchUp()
	prefix, hash := c.place()
	root := []trie.Hash{c.head.root}
	r, p := c.changes()
	p.Changes = p.Changes[:1]
	c.step("hides a change", "lie", nil, r, p)
	r, p = c.changes()
	p.Changes[0].Record, p.Changes[0].Data = c.own.entries[0].CID, nil
	c.step("names another record", "lie", nil, r, p)
	d, children := c.descend(nil)
	children.Answers[0].Differ = children.Answers[0].Differ[1:]
	c.step("hides a child", "lie", root, d, children)
	d, children = c.descend(wire.HaveChildren(c.own.children(nil)))
	children.Answers[0].Differ = nil
	c.step("says that nothing differs", "whole", root, d, children)
	d, children = c.descend(nil)
	children.Answers = append(children.Answers, children.Answers[0])
	c.step("answers what nobody asked", "lie", root, d, children)
	l, leaves := c.leaves(prefix, wire.HaveLeaves(c.own.leaves(prefix)))
	leaves.Answers[0].Gone[0] |= 0x80
	c.step("says that the first leaf is gone", "whole", hash, l, leaves)
	l, leaves = c.leaves(prefix, nil)
	leaves.Answers[0].Differ[0].Record = c.own.head.CID
	c.step("names another record in a leaf", "lie", hash, l, leaves)
	s, segment := c.segment(prefix)
	segment.Entries = segment.Entries[1:]
	c.step("leaves a record out of a segment", "lie", hash, s, segment)
	s, _ = c.segment(prefix)
	_, other := c.segment(trie.Prefix{prefix[0] ^ 1})
	c.step("sends another segment", "lie", hash, s, other)
	return c.tells("lies, each known by its own answer")
}
