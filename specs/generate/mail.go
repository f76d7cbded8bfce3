package main

import (
	"crypto/ed25519"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

const mailTime protocol.Millis = 1_790_000_000_000

// mailVectors makes the cases of specs/19-mail.md §9.
func mailVectors() (any, error) {
	cases := slices.Concat(mailFrames(), mailBadFrames(), mailProofs(), mailDeposits())
	return vecSet{"19-mail", "Frames of a mail stream, proofs and receipts; specs/19-mail.md §9 says what each kind holds.", cases}, nil
}

type mailFrame struct {
	side, name string
	frame      wire.MailFrame
	kind       string
}

func mailFrames() (cases []vec) {
	thread, sealed := object("thread"), []byte("sealed")
	for _, f := range []mailFrame{
		{"brand", "a beat", nil, "beat"},
		{"brand", "a proof", &wire.MailHello{Proof: []byte("signed")}, "mail"},
		{"brand", "three states", &wire.MailAck{Items: []wire.MailTaken{
			{Place: 3, State: wire.MailReceived}, {Place: 4, State: wire.MailCommitted}, {Place: 90, State: wire.MailRefused, Reason: "unknown_epoch"},
		}}, "ack"},
		{"brand", "an envelope", &wire.MailPut{ID: 1, Thread: thread, What: wire.MailEnvelope, Bytes: sealed}, "put"},
		{"brand", "a file", &wire.MailPut{ID: 0, Thread: thread, What: wire.MailBlob, Bytes: sealed}, "put"},
		{"brand", "an erasure", &wire.MailErase{ID: 2, Thread: thread}, "erase"},
		{"brand", "a thread that is known", &wire.MailFound{ID: 7, Threads: []wire.MailKnown{{Genesis: []byte("genesis"), Write: [32]byte{1}}}}, "found"},
		{"brand", "no thread", &wire.MailFound{ID: 8, Threads: []wire.MailKnown{}}, "found"},
		{"relay", "a beat", nil, "beat"},
		{"relay", "taken", &wire.MailOpen{Relay: object("relay"), Time: mailTime}, "open"},
		{"relay", "turned away", &wire.MailBye{Reason: wire.ByeClock, Time: mailTime}, "bye"},
		{"relay", "a beginning", &wire.MailItem{Place: 1, Thread: thread, N: 1, What: wire.MailBegin, Bytes: []byte("genesis"), Time: mailTime}, "item"},
		{"relay", "a join", &wire.MailItem{Place: 9, Thread: thread, N: 4, What: wire.MailJoin, Bytes: []byte("join"), Time: mailTime}, "item"},
		{"relay", "stored", &wire.MailDone{ID: 1, State: wire.MailStored, Receipt: []byte("receipt")}, "done"},
		{"relay", "full", &wire.MailDone{ID: 1, State: wire.MailRefused, Reason: wire.DoneFull}, "done"},
		{"relay", "room again", &wire.MailRoom{Thread: thread}, "room"},
		{"relay", "who is known", &wire.MailFind{ID: 7, Identities: [][32]byte{{1}, {2}}}, "find"},
	} {
		cases = append(cases, vec{"name": f.name, "kind": f.side, "valid": true, "cbor": hexed(sure(wire.EncodeMail(f.frame))), "frame": f.kind})
	}
	return cases
}

func mailBadFrames() (cases []vec) {
	type m = map[string]any
	thread := object("thread")
	item := func(change m) m {
		is := m{"v": 1, "kind": "item", "place": 1, "thread": thread, "n": 1, "what": "envelope", "bytes": []byte("sealed"), "time": mailTime}
		for k, x := range change {
			is[k] = x
		}
		return is
	}
	ack := func(items ...any) m { return m{"v": 1, "kind": "ack", "items": append([]any{}, items...)} }
	for _, c := range []struct {
		side, name, class string
		frame             m
	}{
		{"relay", "of tomorrow", "unsupported", item(m{"v": 2})},
		{"relay", "of another kind", "unsupported", m{"v": 1, "kind": "letter"}},
		{"relay", "of the brand's kinds", "unsupported", m{"v": 1, "kind": "erase", "id": 1, "thread": thread}},
		{"brand", "of the relay's kinds", "unsupported", item(nil)},
		{"relay", "at place 0", "form", item(m{"place": 0})},
		{"relay", "number 0", "form", item(m{"n": 0})},
		{"relay", "of nothing", "form", item(m{"bytes": []byte{}})},
		{"relay", "a parcel", "form", item(m{"what": "parcel"})},
		{"relay", "too large", "form", item(m{"bytes": make([]byte, 65_537)})},
		{"relay", "before time", "form", item(m{"time": -1})},
		{"relay", "of a blob", "form", item(m{"thread": blobNamed("x")})},
		{"relay", "a field too many", "form", item(m{"from": "203.0.113.7"})},
		{"relay", "a bye in sentences", "form", m{"v": 1, "kind": "bye", "reason": "Go away!", "time": mailTime}},
		{"relay", "a done without reason", "form", m{"v": 1, "kind": "done", "id": 1, "state": "refused"}},
		{"relay", "a short identity", "form", m{"v": 1, "kind": "find", "id": 1, "identities": []any{make([]byte, 31)}}},
		{"brand", "no items", "form", ack()},
		{"brand", "an item twice", "form", ack(m{"place": 1, "state": "received"}, m{"place": 1, "state": "received"})},
		{"brand", "out of order", "form", ack(m{"place": 2, "state": "received"}, m{"place": 1, "state": "received"})},
		{"brand", "no state", "form", ack(m{"place": 1, "state": "lost"})},
		{"brand", "refused without reason", "form", ack(m{"place": 1, "state": "refused"})},
		{"brand", "a reason for nothing", "form", ack(m{"place": 1, "state": "received", "reason": "why"})},
		{"brand", "a join that goes down", "form", m{"v": 1, "kind": "put", "id": 1, "thread": thread, "what": "join", "bytes": []byte("x")}},
	} {
		cases = append(cases, vec{"name": c.name, "kind": c.side, "valid": false, "error": c.class, "cbor": hexed(sure(protocol.Marshal(c.frame)))})
	}
	return cases
}

func mailKey(name string) ed25519.PrivateKey {
	seed := fixed(name)
	return ed25519.NewKeyFromSeed(seed[:])
}

func mailProofs() (cases []vec) {
	online, other := mailKey("mail online"), mailKey("mail other")
	proof := wire.MailProof{Brand: object("brand"), Peer: []byte("peer of the brand"), Relay: []byte("peer of the relay"), Time: mailTime}
	elsewhere, mirrored := proof, proof
	elsewhere.Relay = []byte("peer of another")
	mirrored.Peer, mirrored.Relay = proof.Relay, proof.Peer
	for _, c := range []struct {
		name, class string
		proof       wire.MailProof
		object      protocol.Object
		key         ed25519.PrivateKey
		ahead       protocol.Millis
	}{
		{"of now", "", proof, protocol.ObjectMail, online, 0},
		{"five minutes old", "", proof, protocol.ObjectMail, online, wire.MaxMailSkew},
		{"older than that", "clock", proof, protocol.ObjectMail, online, wire.MaxMailSkew + 1},
		{"of the future", "clock", proof, protocol.ObjectMail, online, -wire.MaxMailSkew - 1},
		{"to another relay", "proof", elsewhere, protocol.ObjectMail, online, 0},
		{"sent back", "proof", mirrored, protocol.ObjectMail, online, 0},
		{"by another key", "proof", proof, protocol.ObjectMail, other, 0},
		{"of another object", "proof", proof, protocol.ObjectDeposit, online, 0},
	} {
		signed := sure(protocol.Sign(c.object, sure(c.proof.Encode()), c.key).Encode())
		cases = append(cases, mailCase(c.name, "proof", c.class, signed, vec{
			"peer": hexed(proof.Peer), "relay": hexed(proof.Relay), "now": mailTime + c.ahead, "key": hexed(protocol.PublicKeyOf(online).Bytes()),
		}))
	}
	return cases
}

func mailCase(name, kind, class string, signed []byte, more vec) vec {
	v := vec{"name": name, "kind": kind, "valid": class == "", "signed": hexed(signed)}
	if class != "" {
		v["error"] = class
	}
	return v.with(more)
}

func mailDeposits() (cases []vec) {
	online, other := mailKey("mail online"), mailKey("mail other")
	type m = map[string]any
	receipt := func(change m) []byte {
		is := m{"v": 1, "relay": object("relay"), "thread": object("thread"), "envelope": blobNamed("envelope"), "dir": "up", "time": mailTime, "until": mailTime + 7*86_400_000}
		for k, x := range change {
			is[k] = x
		}
		return sure(protocol.Marshal(is))
	}
	for _, c := range []struct {
		name, class string
		payload     []byte
		object      protocol.Object
		key         ed25519.PrivateKey
	}{
		{"up", "", receipt(nil), protocol.ObjectDeposit, online},
		{"down", "", receipt(m{"dir": "down"}), protocol.ObjectDeposit, online},
		{"sideways", "form", receipt(m{"dir": "sideways"}), protocol.ObjectDeposit, online},
		{"of tomorrow", "form", receipt(m{"v": 2}), protocol.ObjectDeposit, online},
		{"ends before it begins", "form", receipt(m{"until": mailTime - 1}), protocol.ObjectDeposit, online},
		{"of an object", "form", receipt(m{"envelope": object("envelope")}), protocol.ObjectDeposit, online},
		{"a field too many", "form", receipt(m{"from": "203.0.113.7"}), protocol.ObjectDeposit, online},
		{"by another key", "signature", receipt(nil), protocol.ObjectDeposit, other},
		{"as another object", "signature", receipt(nil), protocol.ObjectMail, online},
	} {
		signed := sure(protocol.Sign(c.object, c.payload, c.key).Encode())
		cases = append(cases, mailCase(c.name, "deposit", c.class, signed, vec{"key": hexed(protocol.PublicKeyOf(online).Bytes())}))
	}
	return cases
}
