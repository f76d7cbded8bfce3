package main

import (
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// threadHTTPVectors makes the cases of specs/20-thread-http.md §9.
func threadHTTPVectors() (any, error) {
	t := teaTalk()
	return vecSet{"20-thread-http", "Bodies of the HTTP of threads; specs/20-thread-http.md §9 says what they hold.", append(t.goodHTTP(), t.badHTTP()...)}, nil
}

func httpCase(of string, data []byte) vec {
	return vec{"name": of, "kind": "body", "valid": true, "of": of, "cbor": hexed(data)}
}

func (t *talk) request(device string) []byte {
	s := sure(thread.Request{Thread: t.genesis.Thread, Time: talkStart}.Sign(namedKey(device)))
	return sure(s.Encode())
}

func (t *talk) goodHTTP() []vec {
	up := thread.Envelope{Thread: t.genesis.Thread, Dir: thread.Up, Salt: fixed("envelope salt")}
	envelope := sure(up.Seal(t.epoch, &thread.SyncParcel{After: 7}))
	page := wire.ThreadPage{Envelopes: []wire.NumberedEnvelope{{N: 1, Bytes: envelope}, {N: 3, Bytes: envelope}}, Next: 3, More: true}
	identity := [32]byte(public(t.identity))
	cert := t.cert("device", namedKey("the shopper's laptop"), t.identity)
	return []vec{
		httpCase("begin", sure(wire.EncodeThread(&wire.ThreadBegin{Genesis: t.signed, Envelopes: [][]byte{envelope}}))),
		httpCase("post", sure(wire.EncodeThread(&wire.ThreadPost{Envelopes: [][]byte{envelope, envelope}, After: 7}))),
		httpCase("post", sure(wire.EncodeThread(&wire.ThreadPost{}))),
		httpCase("answer", sure(wire.EncodeThread(&wire.ThreadAnswer{Thread: t.genesis.Thread, Results: []wire.EnvelopeResult{{State: "committed", Seq: 1}, {State: "refused", Reason: "out_of_stock", Seq: 2}, {State: "refused", Reason: "bad_envelope"}, {State: "stored", Receipt: []byte{1}}, {State: "received"}}, ThreadPage: page}))),
		httpCase("page", sure(wire.EncodeThread(&page))),
		httpCase("page", sure(wire.EncodeThread(&wire.ThreadPage{}))),
		httpCase("join", sure(wire.EncodeThread(&wire.JoinRequest{Join: []byte{1}, Certs: [][]byte{cert}}))),
		httpCase("joined", sure(wire.EncodeThread(&wire.JoinAnswer{Welcome: envelope}))),
		httpCase("joined", sure(wire.EncodeThread(&wire.JoinAnswer{}))),
		httpCase("find", sure(wire.EncodeThread(&wire.FindRequest{Brand: t.log.Brand(), Identities: [][32]byte{identity}}))),
		httpCase("found", sure(wire.EncodeThread(&wire.FindAnswer{Threads: []protocol.CID{t.genesis.Thread, {}}}))),
		httpCase("blob", sure(wire.EncodeThread(&wire.BlobAnswer{Blob: blobNamed("sealed")}))),
		httpCase("events", sure(wire.EncodeThread(&wire.EventsRequest{Requests: [][]byte{t.request("the shopper's phone")}}))),
		httpCase("ticket", sure(wire.EncodeThread(&wire.EventsAnswer{Ticket: "abc"}))),
		httpCase("error", sure(wire.EncodeThread(&wire.ErrorBody{Error: "exists", Message: "there is one", Time: talkStart, Thread: t.genesis.Thread}))),
		httpCase("error", sure(wire.EncodeThread(&wire.ErrorBody{Error: "busy", Message: "later", Time: talkStart}))),
	}
}

func (t *talk) badHTTP() []vec {
	var many []any
	for range wire.MaxPosted + 1 {
		many = append(many, []byte{1})
	}
	thr, key := t.genesis.Thread, fixed("key")
	result := func(m mapped) mapped {
		return mapped{"thread": thr, "results": []any{m}, "envelopes": []any{}, "next": 0, "more": false}
	}
	var cases []vec
	for _, c := range []struct {
		of, name string
		m        mapped
	}{
		{"begin", "without a genesis", mapped{"genesis": []byte{}, "envelopes": []any{}, "after": 0}},
		{"begin", "with a genesis that is too long", mapped{"genesis": make([]byte, 6000), "envelopes": []any{}, "after": 0}},
		{"post", "17 envelopes", mapped{"envelopes": many, "after": 0}},
		{"post", "an empty envelope", mapped{"envelopes": []any{[]byte{}}, "after": 0}},
		{"post", "an envelope that is too long", mapped{"envelopes": []any{make([]byte, thread.MaxEnvelope+1)}, "after": 0}},
		{"post", "behind −1", mapped{"envelopes": []any{}, "after": -1}},
		{"post", "a field too many", mapped{"envelopes": []any{}, "after": 0, "x": 1}},
		{"post", "a field too few", mapped{"envelopes": []any{}}},
		{"answer", "of a blob", changed(result(mapped{"state": "stored"}), mapped{"thread": blobNamed("x")})},
		{"answer", "another state", result(mapped{"state": "lost"})},
		{"answer", "seq 0", result(mapped{"state": "committed", "seq": 0})},
		{"page", "an empty envelope", mapped{"envelopes": []any{mapped{"n": 1, "bytes": []byte{}}}, "next": 1, "more": false}},
		{"join", "three certificates", mapped{"join": []byte{1}, "certs": []any{[]byte{1}, []byte{1}, []byte{1}}}},
		{"find", "no identities", mapped{"brand": thr, "identities": []any{}}},
		{"find", "an identity of 31 bytes", mapped{"brand": thr, "identities": []any{key[:31]}}},
		{"found", "a blob", mapped{"threads": []any{blobNamed("x")}}},
		{"blob", "an object", mapped{"blob": thr}},
		{"events", "no requests", mapped{"requests": []any{}}},
		{"ticket", "no ticket", mapped{"ticket": ""}},
		{"error", "no word", mapped{"error": "", "message": "", "time": 0}},
	} {
		cases = append(cases, vec{"name": c.of + ": " + c.name, "kind": "body", "valid": false, "error": "form", "of": c.of, "cbor": hexed(sure(protocol.Marshal(c.m)))})
	}
	return cases
}
