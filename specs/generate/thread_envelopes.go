package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
)

// someEntry is an entry of the shopper's phone with its body.
func (t *talk) someEntry(text string) thread.Written {
	pen := thread.Pen{Key: t.device, Thread: t.genesis.Thread}
	return sure(pen.Write(thread.Draft{Kind: thread.KindText, Body: &thread.Text{Text: text}}, nil, fixed("salt"), talkStart+1000))
}

func (t *talk) someCommit(of protocol.CID) thread.SignedCommit {
	return sure(thread.Commit{Thread: t.genesis.Thread, Seq: 1, Entry: of, Time: talkStart + 2000}.Sign(namedKey("tea")))
}

type namedParcel struct {
	name string
	thread.Parcel
}

func (t *talk) goodParcels() []namedParcel {
	w := t.someEntry("Is the Gyokuro in stock?")
	entry, commit := sure(w.Encode()), sure(t.someCommit(w.ID).Encode())
	last := t.someCommit(w.ID).ID
	secret, write := t.epoch, t.roots.Write
	return []namedParcel{
		{"an entry on its way up", &thread.EntryParcel{Entry: entry, Salt: w.Salt[:], Body: w.Body}},
		{"an entry with its commit", &thread.EntryParcel{Entry: entry, Commit: commit, Salt: w.Salt[:], Body: w.Body}},
		{"an entry whose body was erased", &thread.EntryParcel{Entry: entry, Commit: commit}},
		{"sync", &thread.SyncParcel{After: 7}},
		{"resync from the beginning", &thread.ResyncParcel{}},
		{"resync", &thread.ResyncParcel{Have: 1, Commit: last}},
		{"handback", &thread.HandbackParcel{Items: []thread.HandbackItem{{Entry: entry, Commit: commit, Salt: w.Salt[:], Body: w.Body}, {Entry: entry, Commit: commit}}}},
		{"welcome to an empty thread", &thread.WelcomeParcel{Secret: secret, Write: write}},
		{"welcome", &thread.WelcomeParcel{Epoch: 3, Secret: secret, Write: write, Seq: 1, Commit: last}},
	}
}

func (t *talk) parcels() []vec {
	var cases []vec
	for _, p := range t.goodParcels() {
		cases = append(cases, vec{"name": p.name, "kind": "parcel", "valid": true, "cbor": hexed(sure(thread.EncodeParcel(p.Parcel)))})
	}
	salt, last := fixed("salt"), object("x")
	for _, c := range []struct {
		name, class string
		m           mapped
	}{
		{"of a kind of tomorrow", "unsupported", mapped{"kind": "dance"}},
		{"without a kind", "unsupported", mapped{"entry": []byte{1}}},
		{"an entry without an entry", "form", mapped{"kind": "entry", "salt": salt[:], "body": []byte{0xa0}}},
		{"a salt without a body", "form", mapped{"kind": "entry", "entry": []byte{1}, "salt": salt[:]}},
		{"a body without a salt", "form", mapped{"kind": "entry", "entry": []byte{1}, "body": []byte{0xa0}}},
		{"a salt of 31 bytes", "form", mapped{"kind": "entry", "entry": []byte{1}, "salt": salt[:31], "body": []byte{0xa0}}},
		{"a field too many", "form", mapped{"kind": "sync", "after": 1, "x": 1}},
		{"sync behind −1", "form", mapped{"kind": "sync", "after": -1}},
		{"resync: 0 with a commit", "form", mapped{"kind": "resync", "have": 0, "commit": last}},
		{"resync: 1 without a commit", "form", mapped{"kind": "resync", "have": 1, "commit": nil}},
		{"handback of nothing", "form", mapped{"kind": "handback", "items": []any{}}},
		{"handback without a commit", "form", mapped{"kind": "handback", "items": []any{mapped{"entry": []byte{1}, "commit": []byte{}}}}},
		{"welcome with a short secret", "form", mapped{"kind": "welcome", "epoch": 0, "secret": salt[:31], "write": salt[:], "seq": 0, "commit": nil}},
	} {
		cases = append(cases, vec{"name": "parcel " + c.name, "kind": "parcel", "valid": false, "error": c.class, "cbor": hexed(sure(protocol.Marshal(c.m)))})
	}
	return cases
}

// sealedCase is an envelope that opens, with all that is needed to seal it again.
func sealedCase(name string, e thread.Envelope, secret [32]byte, parcel []byte) vec {
	data := sure(e.SealBytes(secret, parcel))
	v := vec{"name": "envelope " + name, "kind": "envelope", "valid": true, "secret": hexed(secret[:]), "thread": e.Thread, "dir": e.Dir, "epoch": e.Epoch, "salt": hexed(e.Salt[:]), "parcel": hexed(parcel), "bytes": hexed(data), "id": thread.EnvelopeID(data)}
	if e.Join.Defined() {
		v["join"] = e.Join
	}
	return v
}

func (t *talk) envelopes() []vec {
	var cases []vec
	up := thread.Envelope{Thread: t.genesis.Thread, Dir: thread.Up, Salt: fixed("envelope salt")}
	down := up
	down.Dir, down.Epoch = thread.Down, 300
	for _, p := range t.goodParcels() {
		e := up
		if data := sure(thread.EncodeParcel(p.Parcel)); p.name == "welcome" {
			e = down
			e.Join = object("a join")
			_, roots := t.encapsulated("join")
			cases = append(cases, sealedCase(p.name, e, thread.JoinSecret(roots.Root, e.Thread), data))
		} else {
			cases = append(cases, sealedCase(p.name+", up", up, t.epoch, data), sealedCase(p.name+", down", down, t.epoch, data))
		}
	}
	for _, n := range []int{1023, 1024, 4095, 4096, 16_384} {
		cases = append(cases, sealedCase(fmt.Sprintf("a text of %d bytes that is no parcel", n), up, t.epoch, bytes.Repeat([]byte{0xf6}, n)))
	}
	return append(cases, t.badEnvelopes()...)
}

// sealRaw seals a text as it is, without padding it.
func sealRaw(m mapped, secret [32]byte, text []byte) []byte {
	salt := m["salt"].([]byte)
	key := sure(hkdf.Key(sha256.New, secret[:], salt, "stoa/envelope/v1/"+m["dir"].(string), 32))
	aead := sure(cipher.NewGCM(sure(aes.NewCipher(key))))
	ct := aead.Seal(nil, make([]byte, 12), text, sure(protocol.Marshal(m)))
	return sure(protocol.Marshal(changed(m, mapped{"ct": ct})))
}

// padded returns a parcel padded to the size, whatever is due.
func padded(parcel []byte, size int) []byte {
	out := make([]byte, size)
	copy(out, parcel)
	out[len(parcel)] = 0x80
	return out
}

func (t *talk) badEnvelopes() []vec {
	salt := fixed("envelope salt")
	outer := mapped{"v": 1, "thread": t.genesis.Thread, "dir": "up", "epoch": 0, "salt": salt[:]}
	parcel := sure(thread.EncodeParcel(&thread.SyncParcel{After: 7}))
	good := sealRaw(outer, t.epoch, padded(parcel, 1024))
	bad := func(name, class string, data []byte) vec {
		return vec{"name": "envelope " + name, "kind": "envelope", "valid": false, "error": class, "secret": hexed(t.epoch[:]), "bytes": hexed(data)}
	}
	var opened mapped
	sure(0, protocol.Unmarshal(good, &opened))
	ct := opened["ct"].([]byte)
	with := func(more mapped) []byte {
		return sure(protocol.Marshal(changed(changed(outer, mapped{"ct": ct}), more)))
	}
	flipped := bytes.Clone(ct)
	flipped[5] ^= 1
	other := fixed("another secret")
	cases := []vec{
		bad("under another secret", "sealed", sealRaw(outer, other, padded(parcel, 1024))),
		bad("whose text was altered", "sealed", with(mapped{"ct": flipped})),
		bad("whose epoch was altered", "sealed", with(mapped{"epoch": 1})),
		bad("whose direction was altered", "sealed", with(mapped{"dir": "down"})),
		bad("whose thread was altered", "sealed", with(mapped{"thread": object("another thread")})),
		bad("whose salt was altered", "sealed", with(mapped{"salt": make([]byte, 32)})),
		bad("that answers a join all of a sudden", "sealed", sealRaw(changed(outer, mapped{"dir": "down"}), t.epoch, padded(parcel, 1024))),
		bad("of version 2", "form", sealRaw(changed(outer, mapped{"v": 2}), t.epoch, padded(parcel, 1024))),
		bad("in another direction", "form", sealRaw(changed(outer, mapped{"dir": "sideways"}), t.epoch, padded(parcel, 1024))),
		bad("that answers a join on its way up", "form", sealRaw(changed(outer, mapped{"join": object("a join")}), t.epoch, padded(parcel, 1024))),
		bad("with a field too many", "form", sealRaw(changed(outer, mapped{"x": 1}), t.epoch, padded(parcel, 1024))),
		bad("of a size that is none", "form", sealRaw(outer, t.epoch, padded(parcel, 2048))),
		bad("cut short", "form", good[:len(good)-1]),
		bad("with a byte behind", "form", append(bytes.Clone(good), 0)),
		bad("padded to more than is needed", "padding", sealRaw(outer, t.epoch, padded(parcel, 4096))),
		bad("of zeros", "padding", sealRaw(outer, t.epoch, make([]byte, 1024))),
		bad("padded with something else", "padding", sealRaw(outer, t.epoch, append(padded(parcel, 1023), 1))),
		bad("without padding", "padding", sealRaw(outer, t.epoch, bytes.Repeat([]byte{0x41}, 1024))),
		bad("not canonical", "form", uncanonical(good)),
	}
	joined := with(mapped{"dir": "down", "join": object("a join")})
	cases[6]["bytes"] = hexed(joined)
	return cases
}

// uncanonical writes the version as an integer of two bytes.
func uncanonical(data []byte) []byte {
	return bytes.Replace(data, []byte{0x61, 'v', 1}, []byte{0x61, 'v', 0x18, 1}, 1)
}
