package main

import (
	"slices"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// announcementVectors makes the cases of specs/11-announcement.md §7.
func announcementVectors() (any, error) {
	cases := slices.Concat(topics(), hints(), messageIDs(), heardStories(), []vec{badMessages(), budgetStory()})
	return vecSet{"11-announcement", "Announcements as a node hears them one after the other; specs/11-announcement.md §7 says what each kind holds.", cases}, nil
}

func topics() []vec {
	var cases []vec
	for _, t := range []string{"/stoa/main/heads/1", "/stoa/a/heads/1", "/stoa/test-2/heads/1", "/stoa/" + strings.Repeat("n", 32) + "/heads/1"} {
		cases = append(cases, vec{"name": "a topic", "kind": "topic", "topic": t, "valid": true, "network": strings.Split(t, "/")[2]})
	}
	for _, t := range []string{"", "/stoa/main/heads/2", "/stoa//heads/1", "/stoa/Main/heads/1", "/stoa/-a/heads/1", "/stoa/a-/heads/1", "/stoa/a/b/heads/1", "stoa/main/heads/1", "/stoa/" + strings.Repeat("n", 33) + "/heads/1"} {
		cases = append(cases, vec{"name": "no topic", "kind": "topic", "topic": t, "valid": false, "error": "topic"})
	}
	return cases
}

const somePeer = "12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo"

func hints() []vec {
	var cases []vec
	for _, h := range []string{
		"/ip4/192.0.2.7/tcp/4001/p2p/" + somePeer, "/ip6/2001:db8::7/udp/4001/quic-v1/p2p/" + somePeer, "/dns/tea.example/tcp/443/tls/ws/p2p/" + somePeer,
		"/ip4/192.0.2.7/udp/4001/quic-v1/p2p/" + somePeer + "/p2p-circuit/p2p/" + somePeer, "/memory/9/p2p/" + somePeer, "/ip4/999.0.0.1/tcp/1/p2p/" + somePeer,
	} {
		kind, host, ok := wire.Hint(h).Host()
		v := vec{"name": "a hint", "kind": "hint", "hint": h, "valid": true, "peer": somePeer, "known": ok}
		if ok {
			v = v.with(vec{"hostKind": kind, "host": host})
		}
		cases = append(cases, v)
	}
	for _, h := range []string{
		"", "/", "ip4/192.0.2.7/tcp/4001/p2p/" + somePeer, "/ip4/192.0.2.7/tcp/4001", "/p2p/" + somePeer, "/ip4/192.0.2.7/tcp/4001/p2p/short",
		"/ip4//tcp/4001/p2p/" + somePeer, "/dns/té.example/tcp/1/p2p/" + somePeer, "/dns/a b/tcp/1/p2p/" + somePeer, "/dns/a/tcp/1/p2p/" + somePeer + "/",
		"/dns/" + strings.Repeat("x", 150) + "/p2p/" + somePeer,
	} {
		cases = append(cases, vec{"name": "no hint", "kind": "hint", "hint": h, "valid": false, "error": "hint-form"})
	}
	return cases
}

func messageIDs() []vec {
	var cases []vec
	for _, data := range [][]byte{nil, {0}, []byte("stoa")} {
		id := wire.MessageID(wire.MainNetwork.Topic(), data)
		cases = append(cases, vec{"name": "a message", "kind": "message", "valid": true, "topic": wire.MainNetwork.Topic(), "data": hexed(data), "id": hexed(id[:])})
	}
	return cases
}

// heard tells what a node hears and learns in turn.
type heard struct {
	*stall
	steps []vec
}

func hearing(s *stall) *heard { return &heard{stall: s} }

func (h *heard) tells(name string) vec {
	return vec{"name": name, "kind": "scenario", "valid": true, "steps": h.steps}
}

// hears adds a message with its verdict; ops counts the latest operations in it.
func (h *heard) hears(head catalog.SignedHead, ops int, verdict wire.Verdict, reason wire.Reason, dial ...wire.Hint) *heard {
	all := h.log.Signed()
	a := wire.Announcement{Head: head, Identity: all[len(all)-ops:], Dial: dial}
	for i := range a.Identity {
		slices.SortFunc(a.Identity[i].Signatures, func(a, b protocol.Signature) int { return strings.Compare(string(a.Key), string(b.Key)) })
	}
	return h.raw(sure(a.Encode()), stallNow, verdict, reason)
}

func (h *heard) raw(data []byte, now protocol.Millis, verdict wire.Verdict, reason wire.Reason) *heard {
	h.steps = append(h.steps, vec{"do": "hear", "now": int64(now), "message": hexed(data), "verdict": verdict, "reason": reason})
	return h
}

// at moves the time of the last message.
func (h *heard) at(now protocol.Millis) *heard {
	h.steps[len(h.steps)-1]["now"] = int64(now)
	return h
}

// learns adds what comes by another way: the whole log, and a head if given.
func (h *heard) learns(head ...catalog.SignedHead) *heard {
	v := vec{"do": "learn", "brand": h.log.Brand(), "identity": h.ops()}
	for _, x := range head {
		v["head"] = hexed(sure(x.Encode()))
	}
	h.steps = append(h.steps, v)
	return h
}

func (s *stall) next(n uint64) catalog.SignedHead {
	return s.signed(func(h *catalog.Head) { h.Seq += n; h.Prev = s.head.CID })
}

const tcpHint, quicHint wire.Hint = "/ip4/192.0.2.7/tcp/4001/p2p/" + somePeer, "/ip4/192.0.2.7/udp/4001/quic-v1/p2p/" + somePeer

func heardStories() []vec {
	s := teaStall()
	return []vec{
		hearing(s).hears(s.head, 2, wire.Accept, wire.Newer, tcpHint).hears(s.next(1), 0, wire.Accept, wire.Newer).
			hears(s.next(9), 2, wire.Accept, wire.Newer).tells("a brand that nobody follows is passed on"),
		hearing(s).hears(s.head, 0, wire.Ignore, wire.IdentityMissing).hears(s.head, 1, wire.Ignore, wire.IdentityMissing).
			learns().hears(s.head, 0, wire.Accept, wire.Newer).tells("an unknown brand, then known"),
		hearing(s).hears(s.next(5), 2, wire.Accept, wire.Newer).hears(s.next(5), 2, wire.Ignore, wire.Known, quicHint).
			hears(s.next(4), 2, wire.Ignore, wire.Stale).tells("the same head with other hints, and one before it"),
		hearing(s).learns(s.head).hears(s.head, 2, wire.Accept, wire.Unpassed).hears(s.head, 0, wire.Ignore, wire.Known).
			tells("a head that came by another way is still passed on once"),
		heardClocks(s), heardContest(s), heardRevocation(), heardForgeries(s), heardFork(),
	}
}

func heardClocks(s *stall) vec {
	ahead := s.signed(func(h *catalog.Head) { h.Time += 5*60*1000 + 1; h.Expires = h.Time + hour })
	leap := s.signed(func(h *catalog.Head) { h.Seq = uint64(h.Time + 24*hour + 1) })
	return hearing(s).hears(ahead, 2, wire.Ignore, wire.HeadFuture).hears(leap, 2, wire.Reject, wire.FastForward).
		hears(s.head, 2, wire.Ignore, wire.Expired).at(s.head.Expires).hears(s.head, 2, wire.Accept, wire.Newer).at(s.head.Expires - 1).
		tells("heads of the future, of another day, and out of date")
}

func heardContest(s *stall) vec {
	rival := s.signed(func(h *catalog.Head) { h.Expires-- })
	third := s.signed(func(h *catalog.Head) { h.Expires -= 2 })
	healing := s.signed(func(h *catalog.Head) { h.Seq++; *h = h.Healing(s.head.CID, rival.CID) })
	return hearing(s).hears(s.head, 2, wire.Accept, wire.Newer).hears(rival, 2, wire.Accept, wire.Contested).
		hears(rival, 2, wire.Ignore, wire.Known, tcpHint).hears(third, 2, wire.Ignore, wire.Known).hears(healing, 2, wire.Accept, wire.Newer).
		tells("two heads at one place: the evidence is passed on once")
}

func heardRevocation() vec {
	s := teaStall()
	good, late := s.head, s.next(1)
	h := hearing(s).hears(good, 2, wire.Accept, wire.Newer)
	ref := good.Ref()
	s.then(s.draft().Revoke(&ref, good.Signer()))
	fresh := s.unsigned()
	fresh.Seq += 2
	second := sure(catalog.SignHead(fresh, namedKey("tea second")))
	return h.hears(second, 1, wire.Accept, wire.Newer).hears(late, 0, wire.Ignore, wire.HeadDisputed).
		hears(good, 0, wire.Ignore, wire.Superseded).tells("a key is revoked in the message that announces the first head after it")
}

func heardForgeries(s *stall) vec {
	forged := s.head
	forged.Signed = protocol.Sign(protocol.ObjectHead, s.head.Signed.Payload, namedKey("stranger"))
	renamed := forged
	renamed.Signed.Signatures = []protocol.Signature{{Key: s.head.Signer(), Bytes: forged.Signed.Signatures[0].Bytes}}
	other := s.signed(func(h *catalog.Head) { h.Epoch = 1 })
	nowhere := s.signed(func(h *catalog.Head) { h.ID = s.head.CID })
	return hearing(s).hears(forged, 2, wire.Reject, wire.HeadSignature).hears(renamed, 2, wire.Reject, wire.HeadSignature).
		hears(other, 2, wire.Reject, wire.WrongEpoch).hears(nowhere, 2, wire.Ignore, wire.HeadOperation).
		hears(stallOf("other").head, 2, wire.Reject, wire.BrandMismatch).hears(s.head, 2, wire.Accept, wire.Newer).
		tells("forged heads cost the brand nothing")
}

// heardFork is a brand whose log forks; a head under the last common operation
// counts, one under a branch doesn't.
func heardFork() vec {
	s := teaStall()
	h := hearing(s).hears(s.head, 2, wire.Accept, wire.Newer)
	d := s.draft()
	e := s.draft()
	e.Domain = "tea.example"
	branch := s.then(d, e)
	on := s.signed(func(h *catalog.Head) { h.Seq++; h.ID = branch[0] })
	return h.hears(on, 2, wire.Ignore, wire.HeadOperation).hears(s.next(2), 2, wire.Accept, wire.Newer).tells("a log that forks")
}

// badMessages are refused by whoever hears them.
func badMessages() vec {
	s := teaStall()
	good := sure(wire.Announce(s.log, s.head, tcpHint))
	h := hearing(s)
	var ops [][]byte
	for _, op := range good.Identity {
		ops = append(ops, sure(op.Encode()))
	}
	fields := func(change func(map[string]any)) []byte {
		m := map[string]any{"v": 1, "head": sure(s.head.Encode()), "identity": slices.Clone(ops), "dial": []string{string(tcpHint)}}
		change(m)
		return sure(protocol.Marshal(m))
	}
	bad := func(reason wire.Reason, change func(map[string]any)) {
		verdict := wire.Reject
		if reason == wire.WrongVersion {
			verdict = wire.Ignore
		}
		h.raw(fields(change), stallNow, verdict, reason)
	}
	data := sure(good.Encode())
	h.raw(nil, stallNow, wire.Reject, wire.NotCBOR).raw(data[:len(data)/2], stallNow, wire.Reject, wire.NotCBOR).
		raw(append(slices.Clone(data), 0), stallNow, wire.Reject, wire.NotCBOR).raw(make([]byte, 4097), stallNow, wire.Reject, wire.TooLarge)
	bad(wire.WrongVersion, func(m map[string]any) { m["v"] = 2; m["more"] = true })
	bad(wire.NotCBOR, func(m map[string]any) { delete(m, "v") })
	bad(wire.NotCBOR, func(m map[string]any) { m["more"] = true })
	bad(wire.NotCBOR, func(m map[string]any) { m["dial"] = []string{} })
	bad(wire.NotCBOR, func(m map[string]any) { m["head"] = nil })
	bad(wire.HeadForm, func(m map[string]any) { m["head"] = []byte{1} })
	bad(wire.IdentityForm, func(m map[string]any) { m["identity"] = [][]byte{{1}} })
	bad(wire.IdentityOrder, func(m map[string]any) { slices.Reverse(m["identity"].([][]byte)) })
	bad(wire.IdentityOrder, func(m map[string]any) { m["identity"] = [][]byte{ops[0], ops[0]} })
	bad(wire.IdentityInvalid, func(m map[string]any) { m["identity"] = [][]byte{ops[0], unsignedOp(ops[1])} })
	bad(wire.HintForm, func(m map[string]any) { m["dial"] = []string{"/ip4/192.0.2.7/tcp/4001"} })
	bad(wire.HintForm, func(m map[string]any) { m["dial"] = slices.Repeat([]string{string(tcpHint)}, 5) })
	h.raw(data, stallNow, wire.Accept, wire.Newer)
	return h.tells("messages that break a rule of form, and at last a good one")
}

// unsignedOp returns the operation with its last signature broken.
func unsignedOp(data []byte) []byte {
	s := sure(protocol.DecodeSigned(data))
	sure(identity.DecodeOp(s.Payload))
	last := &s.Signatures[len(s.Signatures)-1]
	last.Bytes = append(slices.Clone(last.Bytes[:63]), last.Bytes[63]^1)
	return sure(s.Encode())
}

// budgetStory spends the budget of a brand (§5).
func budgetStory() vec {
	var b wire.Budget
	var steps []vec
	step := func(now protocol.Millis) {
		steps = append(steps, vec{"now": int64(now), "pass": b.Spend(wire.BrandRate(), now)})
	}
	for range 31 {
		step(stallNow)
	}
	for _, ms := range []protocol.Millis{4_999, 5_000, 5_001, 9_999, 10_000, 10_000, 1_000_000} {
		step(stallNow + ms)
	}
	return vec{"name": "burst 30, then one for every 5 seconds", "kind": "budget", "valid": true, "steps": steps}
}
