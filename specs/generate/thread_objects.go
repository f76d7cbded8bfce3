package main

import (
	"crypto/ed25519"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
)

type mapped = map[string]any

// signedMap signs any map as an object, so that what breaks a rule can be made too.
func signedMap(name protocol.Object, m mapped, keys ...ed25519.PrivateKey) []byte {
	return sure(protocol.Sign(name, sure(protocol.Marshal(m)), keys...).Encode())
}

// changed returns a copy of the map with some fields changed; one that is absent is
// left out.
func changed(m, more mapped) mapped {
	out := mapped{}
	for k, v := range m {
		out[k] = v
	}
	for k, v := range more {
		if _, gone := v.(absent); gone {
			delete(out, k)
		} else {
			out[k] = v
		}
	}
	return out
}

type absent struct{}

// smallKeys are keys of small order, which everybody can sign for.
func smallKeys() map[string][]byte {
	one := make([]byte, 32)
	one[0] = 1
	return map[string][]byte{"the neutral key": one, "a key of order 4": make([]byte, 32), "a key of order 8": unhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")}
}

// objectOf is one kind of object of threads: a good one and who signs it.
type objectOf struct {
	name protocol.Object
	good mapped
	key  ed25519.PrivateKey
	key2 string // the field with the signer's key, if any
}

func (t *talk) kinds() []objectOf {
	joinEnc, _ := t.encapsulated("join")
	enc, _ := t.encapsulated("genesis")
	nonce, body := fixed("nonce"), fixed("commitment")
	laptop := namedKey("the shopper's laptop")
	return []objectOf{
		{"genesis", mapped{"v": 1, "suite": 1, "brand": t.log.Brand(), "prekey": t.prekeyID, "enc": enc, "identity": public(t.identity), "device": public(t.device), "home": t.log.Brand(), "nonce": nonce[:16], "time": int64(talkStart)}, t.identity, "identity"},
		{"device", mapped{"v": 1, "thread": t.genesis.Thread, "key": public(laptop), "kind": "device", "time": int64(talkStart)}, t.identity, ""},
		{"entry", mapped{"v": 1, "thread": t.genesis.Thread, "by": public(t.device), "dseq": 1, "dprev": nil, "seen": nil, "kind": "text", "body": body[:], "time": int64(talkStart)}, t.device, "by"},
		{"commit", mapped{"v": 1, "thread": t.genesis.Thread, "seq": 1, "prev": nil, "entry": object("entry"), "time": int64(talkStart)}, namedKey("tea"), ""},
		{"join", mapped{"v": 1, "thread": t.genesis.Thread, "device": public(laptop), "prekey": t.prekeyID, "enc": joinEnc, "time": int64(talkStart)}, laptop, "device"},
		{"request", mapped{"v": 1, "thread": t.genesis.Thread, "device": public(t.device), "time": int64(talkStart)}, t.device, "device"},
	}
}

func (t *talk) objects() []vec {
	var cases []vec
	for _, k := range t.kinds() {
		good := signedMap(k.name, k.good, k.key)
		cases = append(cases, vec{"name": string(k.name), "kind": "object", "valid": true, "object": k.name, "bytes": hexed(good), "id": sure(protocol.DecodeSigned(good)).ID(), "key": hexed(public(k.key)), "fields": shown(k.good)})
		cases = append(cases, k.more()...)
		cases = append(cases, k.broken()...)
	}
	return cases
}

// shown returns fields as vectors show them.
func shown(m mapped) vec {
	out := vec{}
	for k, v := range m {
		if b, is := v.([]byte); is {
			v = hexed(b)
		}
		if k == "seen" && v != nil {
			v = shown(v.(mapped))
		}
		out[k] = v
	}
	return out
}

// more are further forms that are right.
func (k objectOf) more() []vec {
	var list []mapped
	switch k.name {
	case "device":
		list = []mapped{{"kind": "link"}}
	case "entry":
		list = []mapped{{"dseq": 7, "dprev": object("sixth"), "seen": mapped{"seq": 3, "commit": object("third")}}, {"kind": "order.number"}, {"kind": "of_tomorrow"}}
	case "commit":
		list = []mapped{{"seq": 7, "prev": object("sixth")}, {"refused": "out_of_stock"}}
	}
	var cases []vec
	for _, f := range list {
		m := changed(k.good, f)
		data := signedMap(k.name, m, k.key)
		cases = append(cases, vec{"name": string(k.name) + ", another form", "kind": "object", "valid": true, "object": k.name, "bytes": hexed(data), "id": sure(protocol.DecodeSigned(data)).ID(), "key": hexed(public(k.key)), "fields": shown(m)})
	}
	return cases
}

func (k objectOf) refused(name, class string, data []byte) vec {
	return vec{"name": string(k.name) + ": " + name, "kind": "object", "valid": false, "error": class, "object": k.name, "bytes": hexed(data), "key": hexed(public(k.key))}
}

func (k objectOf) broken() []vec {
	stranger := namedKey("stranger")
	cases := []vec{
		k.refused("signed by another", "signature", signedMap(k.name, k.good, stranger)),
		k.refused("signed as another object", "signature", signedMap("head", k.good, k.key)),
		k.refused("signed twice", "form", signedMap(k.name, k.good, k.key, stranger)),
		k.refused("of version 2", "form", signedMap(k.name, changed(k.good, mapped{"v": 2}), k.key)),
		k.refused("a field too many", "form", signedMap(k.name, changed(k.good, mapped{"x": 1}), k.key)),
		k.refused("without a time", "form", signedMap(k.name, changed(k.good, mapped{"time": absent{}}), k.key)),
		k.refused("before 1970", "form", signedMap(k.name, changed(k.good, mapped{"time": -1}), k.key)),
	}
	for _, field := range []string{"brand", "thread"} {
		if _, has := k.good[field]; has {
			cases = append(cases, k.refused("a blob as "+field, "form", signedMap(k.name, changed(k.good, mapped{field: blobNamed("x")}), k.key)))
		}
	}
	return append(cases, k.own()...)
}

// own are what only this kind of object can have wrong.
func (k objectOf) own() []vec {
	var list []struct {
		name string
		f    mapped
	}
	add := func(name string, f mapped) {
		list = append(list, struct {
			name string
			f    mapped
		}{name, f})
	}
	switch k.name {
	case "genesis":
		add("identity and device are one key", mapped{"device": k.good["identity"]})
		add("a short encapsulation", mapped{"enc": make([]byte, thread.EncSize-1)})
		add("a short nonce", mapped{"nonce": make([]byte, 15)})
	case "device":
		add("of another kind", mapped{"kind": "tablet"})
	case "entry":
		add("number 0", mapped{"dseq": 0})
		add("number 1 with a predecessor", mapped{"dprev": object("before")})
		add("number 2 without a predecessor", mapped{"dseq": 2})
		add("has seen commit 0", mapped{"seen": mapped{"seq": 0, "commit": object("x")}})
		add("a kind in capitals", mapped{"kind": "Text"})
		add("no kind", mapped{"kind": ""})
		add("a kind of 33 characters", mapped{"kind": "abcdefghijklmnopqrstuvwxyzabcdefg"})
		add("a commitment of 31 bytes", mapped{"body": make([]byte, 31)})
	case "commit":
		add("number 0", mapped{"seq": 0})
		add("number 2 without a predecessor", mapped{"seq": 2})
		add("an empty reason", mapped{"refused": ""})
		add("a reason with a space", mapped{"refused": "out of stock"})
	case "join":
		add("a long encapsulation", mapped{"enc": make([]byte, thread.EncSize+1)})
	}
	var cases []vec
	for _, c := range list {
		cases = append(cases, k.refused(c.name, "form", signedMap(k.name, changed(k.good, c.f), k.key)))
	}
	return append(cases, k.small()...)
}

// small has the keys in an object be of small order. An entry's key is not looked at
// before somebody asks whether it is a device.
func (k objectOf) small() []vec {
	var cases []vec
	for _, field := range []string{"identity", "device", "key"} {
		if _, has := k.good[field]; !has {
			continue
		}
		for name, key := range smallKeys() {
			cases = append(cases, k.refused(name+" as "+field, "key", signedMap(k.name, changed(k.good, mapped{field: key}), k.key)))
		}
	}
	return sortedByName(cases)
}
