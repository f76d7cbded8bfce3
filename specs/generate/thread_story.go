package main

import (
	"crypto/ed25519"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
)

// teller lets both sides of a conversation speak, and writes down how one who follows
// it judges each entry.
type teller struct {
	*talk
	pens  map[string]*thread.Pen // the brand's is "tea"
	seq   uint64
	last  protocol.CID
	items []thread.HandbackItem // what stands, in order
	ids   []protocol.CID        // of the entries
	steps []vec
	count int
}

func (t *talk) tells() *teller {
	s := &teller{talk: t, pens: map[string]*thread.Pen{}}
	s.pens["phone"] = &thread.Pen{Key: t.device, Thread: t.genesis.Thread}
	s.pens["laptop"] = &thread.Pen{Key: namedKey("the shopper's laptop"), Thread: t.genesis.Thread}
	s.pens["tablet"] = &thread.Pen{Key: namedKey("the shopper's tablet"), Thread: t.genesis.Thread}
	s.pens["tea"] = &thread.Pen{Key: namedKey("tea"), Thread: t.genesis.Thread}
	return s
}

func (s *teller) now() protocol.Millis { return talkStart + protocol.Millis(s.count)*1000 }

func (s *teller) seen() *thread.Seen {
	if s.seq == 0 {
		return nil
	}
	return &thread.Seen{Seq: s.seq, Commit: s.last}
}

// write has an author write an entry on everything that stands.
func (s *teller) write(author, kind string, body any) thread.Written {
	s.count++
	return sure(s.pens[author].Write(thread.Draft{Kind: kind, Body: body}, s.seen(), fixed(fmt.Sprint("salt ", s.count)), s.now()))
}

func (s *teller) commit(of protocol.CID, refused string, key ed25519.PrivateKey) thread.SignedCommit {
	return sure(thread.Commit{Thread: s.genesis.Thread, Seq: s.seq + 1, Prev: s.last, Entry: of, Time: s.now() + 500, Refused: refused}.Sign(key))
}

func itemOf(w thread.Written, c thread.SignedCommit) thread.HandbackItem {
	return thread.HandbackItem{Entry: sure(w.Encode()), Commit: sure(c.Encode()), Salt: w.Salt[:], Body: w.Body}
}

// step writes down a judgement; effect says whether the entry has one.
func (s *teller) step(i thread.HandbackItem, verdict string, effect bool) {
	s.steps = append(s.steps, vec{"entry": hexed(i.Entry), "commit": hexed(i.Commit), "salt": hexed(i.Salt), "body": hexed(i.Body), "verdict": verdict, "effect": effect})
}

// stands has an entry committed.
func (s *teller) stands(w thread.Written, refused string, effect bool) thread.HandbackItem {
	c := s.commit(w.ID, refused, namedKey("tea"))
	i := itemOf(w, c)
	s.step(i, "next", effect)
	s.seq, s.last = c.Seq, c.ID
	s.items, s.ids = append(s.items, i), append(s.ids, w.ID)
	return i
}

func (s *teller) says(author, text string) thread.HandbackItem {
	return s.stands(s.write(author, thread.KindText, &thread.Text{Text: text}), "", true)
}

func (s *teller) story(name string) vec {
	return vec{"name": name, "kind": "story", "valid": true, "log": s.ops(), "genesis": hexed(s.signed), "steps": s.steps, "seq": s.seq}
}

func (t *talk) stories() []vec {
	return []vec{t.plainStory(), t.lossyStory(), t.deviceStory(), t.linkStory(), t.forgedStory(), t.kindStory()}
}

func (t *talk) plainStory() vec {
	s := t.tells()
	s.says("phone", "Is the Gyokuro in stock?")
	s.says("tea", "It is.")
	s.stands(s.write("phone", thread.KindOrder, someOrder()), "quote_unknown", false)
	enc, _ := t.encapsulated("rekey")
	s.stands(s.write("phone", thread.KindRekey, &thread.Rekey{Prekey: t.prekeyID, Enc: enc}), "", true)
	erased := s.write("tea", thread.KindText, &thread.Text{Text: "forgotten"})
	erased.Body = nil
	i := itemOf(erased, s.commit(erased.ID, "", namedKey("tea")))
	i.Salt = nil
	s.step(i, "next", false)
	s.seq++
	return s.story("what both sides say, a refusal, a rekey and what was erased")
}

// lossyStory is a relay's: it drops, repeats and reorders.
func (t *talk) lossyStory() vec {
	s := t.tells()
	first := s.says("phone", "one")
	s.step(first, "known", false)
	seq, last, n := s.seq, s.last, len(s.steps)
	second := s.says("phone", "two")
	third := s.says("tea", "three")
	s.steps = s.steps[:n]
	s.step(third, "gap", false)
	s.step(second, "next", true)
	s.step(third, "next", true)
	s.step(second, "known", false)
	s.seq, s.last = seq, last
	other := s.write("tea", thread.KindText, &thread.Text{Text: "another two"})
	s.step(itemOf(other, s.commit(other.ID, "", namedKey("tea"))), "contradiction", false)
	s.seq = 3
	return s.story("dropped, repeated, out of order, and a second commit at one place")
}

func (t *talk) deviceStory() vec {
	s := t.tells()
	s.says("phone", "hello")
	laptop := namedKey("the shopper's laptop")
	add := &thread.DeviceAdd{Certs: [][]byte{t.cert("device", laptop, t.identity)}}
	s.tries("laptop", thread.KindText, &thread.Text{Text: "before it is let in"}, "stranger")
	s.stands(s.write("laptop", thread.KindDeviceAdd, add), "", true)
	s.says("laptop", "from the laptop")
	s.says("phone", "from the phone")
	s.forks("laptop")
	s.skips("laptop")
	s.stands(s.write("phone", thread.KindDeviceDel, &thread.DeviceDel{Device: [32]byte(public(laptop))}), "", true)
	s.tries("laptop", thread.KindText, &thread.Text{Text: "after it was removed"}, "removed")
	s.pens["laptop"].DSeq, s.pens["laptop"].Last = 0, protocol.CID{}
	s.tries("laptop", thread.KindDeviceAdd, add, "removed")
	s.tries("tablet", thread.KindDeviceAdd, &thread.DeviceAdd{Certs: [][]byte{t.cert("device", laptop, t.identity)}}, "stranger")
	return s.story("a second device comes, is copied, and is removed")
}

// tries has an author write what the brand should not have committed.
func (s *teller) tries(author, kind string, body any, verdict string) {
	pen := *s.pens[author]
	w := s.write(author, kind, body)
	*s.pens[author] = pen
	s.step(itemOf(w, s.commit(w.ID, "", namedKey("tea"))), verdict, false)
}

// forks has a device write another entry with the number of its last.
func (s *teller) forks(author string) {
	pen := *s.pens[author]
	s.pens[author].DSeq--
	s.tries(author, thread.KindText, &thread.Text{Text: "from a copy"}, "forked")
	*s.pens[author] = pen
}

// skips has a device leave a number out.
func (s *teller) skips(author string) {
	pen := *s.pens[author]
	s.pens[author].DSeq++
	s.tries(author, thread.KindText, &thread.Text{Text: "one is missing before"}, "gap")
	*s.pens[author] = pen
}

func (t *talk) linkStory() vec {
	s := t.tells()
	seed := fixed("mailed link")
	link := thread.SigningKey(seed)
	byLink := &thread.DeviceAdd{Certs: [][]byte{t.cert("device", namedKey("the shopper's tablet"), link)}}
	s.tries("tablet", thread.KindDeviceAdd, byLink, "stranger")
	s.stands(s.write("phone", thread.KindCallback, &thread.Callback{Email: "kim@example.org", On: []string{"commit"}, Link: seed[:], LinkCert: t.cert("link", link, t.identity), Gateway: "https://tea.example"}), "", true)
	s.stands(s.write("tablet", thread.KindDeviceAdd, byLink), "", true)
	s.says("tablet", "from the link")
	s.stands(s.write("phone", thread.KindDeviceDel, &thread.DeviceDel{Device: [32]byte(public(link))}), "", true)
	s.says("tablet", "which stays")
	late := &thread.DeviceAdd{Certs: [][]byte{t.cert("link", link, t.identity), t.cert("device", namedKey("the shopper's laptop"), link)}}
	s.tries("laptop", thread.KindDeviceAdd, late, "removed")
	return s.story("a link that was mailed lets a device in, until it is removed")
}

func (t *talk) forgedStory() vec {
	s := t.tells()
	s.says("phone", "hello")
	w := s.write("phone", thread.KindText, &thread.Text{Text: "two"})
	good := itemOf(w, s.commit(w.ID, "", namedKey("tea")))
	bad := func(verdict string, change func(*thread.HandbackItem)) {
		i := good
		change(&i)
		s.step(i, verdict, false)
	}
	bad("signature", func(i *thread.HandbackItem) { i.Commit = sure(s.commit(w.ID, "", namedKey("stranger")).Encode()) })
	bad("form", func(i *thread.HandbackItem) {
		i.Commit = sure(s.commit(object("other"), "", namedKey("tea")).Encode())
	})
	bad("commitment", func(i *thread.HandbackItem) { i.Body = sure(thread.EncodeBody("text", &thread.Text{Text: "2"})) })
	bad("commitment", func(i *thread.HandbackItem) { i.Salt = make([]byte, 32) })
	forged := w.Signed
	forged.Signatures = []protocol.Signature{{Key: forged.Signatures[0].Key, Bytes: make([]byte, 64)}}
	bad("signature", func(i *thread.HandbackItem) { i.Entry = sure(forged.Encode()) })
	pen := thread.Pen{Key: t.device, Thread: object("another thread"), DSeq: 1, Last: s.ids[0]}
	elsewhere := sure(pen.Write(thread.Draft{Kind: "text", Body: &thread.Text{Text: "x"}}, nil, fixed("x"), s.now()))
	s.step(itemOf(elsewhere, s.commit(elsewhere.ID, "", namedKey("tea"))), "form", false)
	for name, key := range smallKeys() {
		if name == "the neutral key" {
			s.step(s.small(key), "form", false)
		}
	}
	s.foresees()
	s.stands(w, "", true)
	return s.story("forged, altered and foreign")
}

// small is an entry of an author whose key is of small order.
func (s *teller) small(key []byte) thread.HandbackItem {
	salt := fixed("small")
	body := sure(thread.EncodeBody("text", &thread.Text{Text: "x"}))
	sum := thread.Commitment(salt, body)
	m := mapped{"v": 1, "thread": s.genesis.Thread, "by": key, "dseq": 1, "dprev": nil, "seen": nil, "kind": "text", "body": sum[:], "time": int64(talkStart)}
	entry := signedMap("entry", m, namedKey("stranger"))
	c := s.commit(sure(protocol.DecodeSigned(entry)).ID(), "", namedKey("tea"))
	return thread.HandbackItem{Entry: entry, Commit: sure(c.Encode()), Salt: salt[:], Body: body}
}

// foresees adds entries that have seen what isn't there, or is something else.
func (s *teller) foresees() {
	for _, c := range []struct {
		seen    thread.Seen
		verdict string
	}{{thread.Seen{Seq: 9, Commit: object("ninth")}, "unseen"}, {thread.Seen{Seq: s.seq, Commit: object("another")}, "contradiction"}} {
		pen := thread.Pen{Key: s.device, Thread: s.genesis.Thread, DSeq: 1, Last: s.ids[0]}
		w := sure(pen.Write(thread.Draft{Kind: "text", Body: &thread.Text{Text: "x"}}, &c.seen, fixed("x"), s.now()))
		s.step(itemOf(w, s.commit(w.ID, "", namedKey("tea"))), c.verdict, false)
	}
}

// kindStory holds entries that stand and have no effect.
func (t *talk) kindStory() vec {
	s := t.tells()
	raw := func(author, kind string, body []byte) thread.Written {
		s.count++
		pen, salt := s.pens[author], fixed(fmt.Sprint("salt ", s.count))
		e := sure(thread.Entry{Thread: pen.Thread, DSeq: pen.DSeq + 1, DPrev: pen.Last, Seen: s.seen(), Kind: kind, Body: thread.Commitment(salt, body), Time: s.now()}.Sign(pen.Key))
		pen.DSeq, pen.Last = e.DSeq, e.ID
		return thread.Written{SignedEntry: e, Salt: salt, Body: body}
	}
	s.stands(raw("phone", "dance", []byte{0xa0}), "unsupported", false)
	s.stands(raw("phone", "text", []byte{0xa0}), "bad_body", false)
	s.stands(raw("phone", "payment", sure(thread.EncodeBody("payment", &thread.Payment{Order: object("order"), Amount: protocol.NewMoney(1, "EUR")}))), "", false)
	s.stands(raw("tea", "dance", []byte{0xa0}), "", false)
	s.stands(raw("tea", "erased", []byte{0xa0}), "", true)
	return s.story("kinds of tomorrow, wrong bodies, and what a side may not say")
}
