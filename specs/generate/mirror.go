package main

import (
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// mirrorVectors makes the cases of specs/15-mirror.md §8.
func mirrorVectors() (any, error) {
	cases := []vec{
		firstStory(), changeStory(), hostileChangeStory(), descentStory(), goneStory(), rollbackStory(), clockStory(),
		contestStory(), rivalStory(), twoContestsStory(), forgeryStory(), rotationStory(), disownedStory(), supersededStory(), forgedRotationStory(), forkStory(),
		expiryStory(), largeStory(), troubleStory(), emptyStory(),
	}
	return vecSet{"15-mirror", "What a node that mirrors a brand makes of what it hears and is answered; specs/15-mirror.md §8 says what the fields mean.", cases}, nil
}

// edition is a catalog with a head that commits to it.
type edition struct {
	*stall
	head catalog.SignedHead
}

// edition signs the catalog n milliseconds after noon.
func (s *stall) edition(n uint64, changes ...func(*catalog.Head)) edition {
	return edition{s, s.signed(func(h *catalog.Head) {
		h.Seq, h.Time, h.Expires = h.Seq+n, h.Time+protocol.Millis(n), h.Expires+protocol.Millis(n)
		for _, change := range changes {
			change(h)
		}
	})}
}

// mirrored tells what comes to a mirror and what it then holds.
type mirrored struct {
	name  string
	brand protocol.CID
	now   protocol.Millis
	steps []vec
	// what the mirror is expected to know; the zero value is nothing
	highest, held, target *edition
	state                 string
}

func mirror(name string, s *stall) *mirrored {
	return &mirrored{name: name, brand: s.log.Brand(), now: stallNow + 60_000, state: "none"}
}

func (m *mirrored) tells() vec {
	return vec{"name": m.name, "kind": "mirror", "valid": true, "brand": m.brand, "steps": m.steps}
}

// step notes what happens and what is expected to be known then.
func (m *mirrored) step(v vec) *mirrored {
	then := vec{"state": m.state}
	if m.highest != nil {
		then["highest"] = m.highest.head.CID
	}
	if m.target != nil {
		then["target"] = m.target.head.CID
	}
	if m.held != nil {
		then = then.with(vec{"held": m.held.head.CID, "root": m.held.head.Root, "count": m.held.head.Count})
	}
	m.steps = append(m.steps, v.with(vec{"now": int64(m.now), "then": then}))
	return m
}

func (m *mirrored) looks() *mirrored { return m.step(vec{"do": "look"}) }

// knows sets what is expected: the highest head and, if its catalog is not held
// yet, that it is to be fetched.
func (m *mirrored) knows(e edition) *mirrored {
	m.highest, m.target = &e, &e
	return m
}

// holds sets that a catalog is held and current.
func (m *mirrored) holds(e edition) *mirrored {
	m.held, m.target, m.state = &e, nil, "current"
	return m
}

// is sets the state that is expected to be shown.
func (m *mirrored) is(state string) *mirrored { m.state = state; return m }

// hears has the mirror judge an announcement of a head with the whole log.
func (m *mirrored) hears(e edition, verdict wire.Verdict, reason wire.Reason) *mirrored {
	return m.hearsRaw(sure(sure(wire.Announce(e.log, e.head)).Encode()), verdict, reason)
}

func (m *mirrored) hearsRaw(message []byte, verdict wire.Verdict, reason wire.Reason) *mirrored {
	return m.step(vec{"do": "hear", "message": hexed(message), "verdict": verdict, "reason": reason})
}

// asks has the mirror judge an answer.
func (m *mirrored) asks(peer, outcome string, r wire.Request, answer ...wire.Response) *mirrored {
	frames := []string{}
	for _, f := range answer {
		frames = append(frames, hexed(sure(wire.EncodeResponse(f, wire.MaxPage))))
	}
	return m.step(vec{"do": "ask", "peer": peer, "outcome": outcome, "request": hexed(sure(wire.EncodeRequest(r))), "answer": frames})
}

// because names why a head that was found is taken or not.
func (m *mirrored) because(reasons ...wire.Reason) *mirrored {
	m.steps[len(m.steps)-1]["reasons"] = reasons
	return m
}

// whole is an answer that ends as it should.
func whole(pages ...wire.Response) []wire.Response {
	return slices.Concat([]wire.Response{&wire.Status{Status: wire.OK}}, pages, []wire.Response{&wire.End{Complete: true}})
}

func headPage(e edition, rival ...edition) *wire.HeadPage {
	p := &wire.HeadPage{Head: sure(e.head.Encode()), Ops: uint64(e.log.Len())}
	for _, r := range rival {
		p.Rival = sure(r.head.Encode())
	}
	return p
}

// finds asks a peer for the highest head.
func (m *mirrored) finds(peer, outcome string, page *wire.HeadPage, reasons ...wire.Reason) *mirrored {
	return m.asks(peer, outcome, &wire.HeadRequest{Brand: m.brand}, whole(page)...).because(reasons...)
}

// learns asks a peer for the identity from a number on.
func (m *mirrored) learns(peer, outcome string, from uint64, ops ...string) *mirrored {
	p := &wire.IdentityPage{}
	for _, op := range ops {
		p.Ops = append(p.Ops, unhex(op))
	}
	return m.asks(peer, outcome, &wire.IdentityRequest{Brand: m.brand, From: from}, whole(p)...)
}

func (e edition) segment() (*wire.SegmentRequest, *wire.SegmentPage) {
	return &wire.SegmentRequest{Brand: e.log.Brand(), Head: e.head.CID}, &wire.SegmentPage{Entries: e.under(nil)}
}

func (e edition) changesSince(base edition) (*wire.ChangesRequest, *wire.ChangesPage) {
	before, page := map[protocol.Path]protocol.CID{}, &wire.ChangesPage{}
	for _, x := range base.entries {
		before[x.Path] = x.CID
	}
	for _, x := range e.under(nil) {
		if before[x.Path] != x.Record {
			page.Changes = append(page.Changes, x)
		}
		delete(before, x.Path)
	}
	for path := range before {
		page.Changes = append(page.Changes, wire.Entry{Path: path})
	}
	page.Changes = inKeyOrder(page.Changes...)
	return &wire.ChangesRequest{Brand: e.log.Brand(), Base: base.head.CID, Head: e.head.CID}, page
}

func (e edition) recordsOf(paths ...protocol.Path) (*wire.RecordsRequest, *wire.RecordsPage) {
	r, p := &wire.RecordsRequest{Brand: e.log.Brand(), Head: e.head.CID}, &wire.RecordsPage{}
	for _, x := range e.under(nil) {
		if slices.Contains(paths, x.Path) {
			r.Keys, p.Records = append(r.Keys, trie.KeyOf(x.Path)), append(p.Records, x.Data)
		}
	}
	return r, p
}

// fetches has the mirror take all of a catalog at once.
func (m *mirrored) fetches(peer string, e edition) *mirrored {
	r, p := e.segment()
	return m.holds(e).asks(peer, "good", r, whole(p)...)
}

// follows has it take the changes from what it holds.
func (m *mirrored) follows(peer string, e edition) *mirrored {
	r, p := e.changesSince(*m.held)
	return m.holds(e).asks(peer, "good", r, whole(p)...)
}
