package main

import (
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// priced is the tea stall with another price.
func priced(minor int64) *stall {
	return stallOf("tea", append(teaRecords()[2:], tea(), teaOffer("50-g", minor))...)
}

func firstStory() vec {
	s := teaStall()
	e := s.edition(0)
	m := mirror("a brand is followed: identity, head, catalog", s).looks()
	m.finds("a", "good", headPage(e), wire.IdentityMissing)
	m.learns("a", "lie", 0, hexed(unsignedOp(unhex(s.ops()[0]))))
	m.learns("b", "good", 0, s.ops()...)
	m.knows(e).finds("b", "good", headPage(e), wire.Newer)
	r, p := e.segment()
	cut := &wire.SegmentPage{Entries: p.Entries[:len(p.Entries)-1]}
	m.asks("a", "lie", r, whole(cut)...)
	m.asks("b", "none", r, &wire.Status{Status: wire.OK}, cut)
	m.holds(e).asks("b", "good", r, whole(cut, &wire.SegmentPage{Entries: p.Entries[len(p.Entries)-1:]})...)
	m.finds("a", "good", headPage(e), wire.Known)
	return m.hears(e, wire.Accept, wire.Unpassed).hears(e, wire.Ignore, wire.Known).tells()
}

// started is a mirror that holds an edition.
func started(name string, e edition) *mirrored {
	m := mirror(name, e.stall).knows(e).hears(e, wire.Accept, wire.Newer)
	return m.fetches("a", e)
}

func changeStory() vec {
	first, second := priced(2490).edition(0), priced(1990).edition(1000)
	fewer := stallOf("tea", teaRecords()[:6]...).edition(2000)
	m := started("a price changes, and records go", first)
	m.knows(second).hears(second, wire.Accept, wire.Newer).follows("a", second)
	m.knows(fewer).hears(fewer, wire.Accept, wire.Newer).follows("b", fewer)
	again := fewer.edition(3000)
	m.highest = &again
	// nothing differs: the root is reached before anything is asked
	return m.holds(again).hears(again, wire.Accept, wire.Newer).tells()
}

func hostileChangeStory() vec {
	first, second := priced(2490).edition(0), priced(1990).edition(1000)
	cheap := priced(1).edition(1000)
	m := started("changes that don't reach the root", first).knows(second).hears(second, wire.Accept, wire.Newer)
	r, p := second.changesSince(first)
	_, forged := cheap.changesSince(first)
	m.asks("forges a price", "lie", r, whole(forged)...)
	m.asks("adds a record", "lie", r, whole(&wire.ChangesPage{Changes: inKeyOrder(append(slices.Clone(p.Changes), wire.NewEntry("page/fake", p.Changes[0].Data))...)})...)
	m.asks("says that nothing changed", "lie", r, whole()...)
	m.asks("deletes everything", "lie", r, whole(&wire.ChangesPage{Changes: deletions(first)})...)
	m.asks("has it no more", "none", r, &wire.Status{Status: wire.Gone})
	m.asks("breaks off", "none", r, &wire.Status{Status: wire.OK}, p)
	m.asks("ends early without a page", "lie", r, &wire.Status{Status: wire.OK}, &wire.End{})
	return m.follows("honest", second).tells()
}

func deletions(e edition) (list []wire.Entry) {
	for _, x := range e.entries {
		list = append(list, wire.Entry{Path: x.Path})
	}
	return list
}

// descentStory goes down from the root, with a liar at each step.
func descentStory() vec {
	own, target := postStall(), postStall(17, 40)
	first, second := own.edition(0), target.edition(1000)
	c := &caughtUp{own: own, head: target}
	m := started("a descent with a liar at each step", first).knows(second).hears(second, wire.Accept, wire.Newer)
	ask := func(have []byte) (*wire.DescendRequest, *wire.DescendPage) {
		r, p := c.descend(have)
		r.Head = second.head.CID
		return r, p
	}
	r, p := ask(wire.HaveChildren(own.children(nil)))
	hidden := &wire.DescendPage{Answers: []wire.Children{{}}}
	m.asks("hides what differs", "whole", r, whole(hidden)...)
	bare, all := ask(nil)
	short := &wire.DescendPage{Answers: []wire.Children{{Differ: all.Answers[0].Differ[1:]}}}
	m.asks("hides what differs", "lie", bare, whole(short)...)
	m.asks("honest", "good", r, whole(p)...)
	leaves := &wire.LeavesRequest{Brand: m.brand, Head: second.head.CID}
	found := &wire.LeavesPage{}
	for _, d := range p.Answers[0].Differ {
		prefix := trie.Prefix{d.Index}
		have := wire.HaveLeaves(own.leaves(prefix))
		leaves.Asks = append(leaves.Asks, wire.Ask{Prefix: prefix, Have: have})
		found.Answers = append(found.Answers, wire.AnswerLeaves(target.leaves(prefix), have))
	}
	m.asks("answers less than was asked", "lie", leaves, whole(&wire.LeavesPage{Answers: found.Answers[:1]})...)
	m.asks("honest", "good", leaves, whole(found)...)
	records, page := second.recordsOf("post/p17", "post/p40")
	_, old := first.recordsOf("post/p17", "post/p40")
	m.asks("sends old records", "lie", records, whole(old)...)
	m.asks("keeps one back", "lie", records, whole(&wire.RecordsPage{Records: page.Records[:1]})...)
	// the other one was good
	records.Keys, page.Records = records.Keys[1:], page.Records[1:]
	return m.holds(second).asks("honest", "good", records, whole(page)...).tells()
}

// goneStory is a descent to a subtree in which nothing stands any more.
func goneStory() vec {
	own := postStall()
	var rest []catalog.Record
	for _, e := range own.entries {
		if k := trie.KeyOf(e.Path); k[0]>>4 != 5 {
			rest = append(rest, sure(catalog.Decode(e.Path, e.Data)))
		}
	}
	target := stallOf("posts", rest...)
	first, second := own.edition(0), target.edition(1000)
	c := &caughtUp{own: own, head: target}
	m := started("a descent finds that a subtree is gone", first).knows(second).hears(second, wire.Accept, wire.Newer)
	r, p := c.descend(wire.HaveChildren(own.children(nil)))
	r.Head = second.head.CID
	return m.holds(second).asks("honest", "good", r, whole(p)...).tells()
}

func rollbackStory() vec {
	first, second := priced(2490).edition(0), priced(1990).edition(1000)
	m := started("an old head and an old catalog come again", first).knows(second).hears(second, wire.Accept, wire.Newer)
	r, _ := second.segment()
	_, old := first.segment()
	m.asks("sends the old catalog", "lie", r, whole(old)...)
	m.fetches("honest", second)
	return m.hears(first, wire.Ignore, wire.Stale).finds("a", "good", headPage(first), wire.Stale).tells()
}

// largeStory has a record that came as a link.
func largeStory() vec {
	page := &catalog.Page{Header: catalog.HeaderOf(catalog.TypePage), Handle: "terms", Kind: "page", Title: "Terms", Body: "<p>" + string(slices.Repeat([]byte("word "), 9_900)) + "</p>", Updated: stallNow}
	first, second := priced(2490).edition(0), stallOf("tea", append(teaRecords(), page)...).edition(1000)
	m := started("a record too large for a page", first).knows(second).hears(second, wire.Accept, wire.Newer)
	r, p := second.changesSince(first)
	var data []byte
	for i, e := range p.Changes {
		if e.Path == "page/terms" {
			data, p.Changes[i].Data = e.Data, nil
		}
	}
	id := protocol.Sum(protocol.DagCBOR, data)
	m.asks("a", "good", r, whole(p)...)
	content := &wire.ContentRequest{Brand: m.brand, Content: id}
	part := func(from, to int) *wire.ContentPage {
		return &wire.ContentPage{Size: uint64(len(data)), Offset: uint64(from), Data: data[from:to]}
	}
	other := second.entries[0].Data
	m.asks("a", "lie", content, whole(&wire.ContentPage{Size: uint64(len(other)), Data: other})...)
	m.asks("b", "none", content, &wire.Status{Status: wire.NotFound})
	return m.holds(second).asks("a", "good", content, whole(part(0, 40_000), part(40_000, len(data)))...).tells()
}

// troubleStory is about answers that blame nobody, and some that do.
func troubleStory() vec {
	first, second := priced(2490).edition(0), priced(1990).edition(1000)
	m := started("peers in trouble", first).knows(second).hears(second, wire.Accept, wire.Newer)
	r, p := second.changesSince(first)
	for _, s := range []wire.Status{{Status: wire.Busy, Retry: 1000}, {Status: wire.Failed}, {Status: wire.NotFound}, {Status: wire.Unsupported}, {Status: wire.Oversize}} {
		m.asks("in trouble", "none", r, &s)
	}
	m.asks("says nothing", "none", r)
	m.asks("answers something else", "lie", r, whole(headPage(second))...)
	m.asks("begins with a page", "lie", r, p, &wire.End{Complete: true})
	m.asks("goes on behind its end", "lie", r, append(whole(p), p)...)
	m.asks("ends twice", "lie", r, append(whole(p), &wire.End{Complete: true})...)
	m.asks("ends early without a page", "lie", &wire.IdentityRequest{Brand: m.brand, From: 1}, &wire.Status{Status: wire.OK}, &wire.End{})
	m.asks("sends a page behind a refusal", "lie", r, &wire.Status{Status: wire.Gone}, p)
	return m.follows("honest", second).tells()
}

// emptyStory is a brand that takes everything down.
func emptyStory() vec {
	first := priced(2490).edition(0)
	empty := stallOf("tea").edition(1000)
	m := started("everything is taken down, without a word from a peer", first)
	m.highest = &empty
	return m.holds(empty).hears(empty, wire.Accept, wire.Newer).tells()
}
