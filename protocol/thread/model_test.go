package thread

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/stoa-commerce/stoa/protocol"
)

// The model is a brand and two devices of one shopper, and a network between them that
// drops, repeats, delays and reorders. Everything goes through sealed envelopes. The
// brand may be set back to a backup at any time.

type world struct {
	t       *rapid.T
	keys    BrandKeys
	genesis OpenedGenesis
	brand   *brandModel
	devices []*deviceModel
	up      []posted
	down    []posted
	salts   int
	said    map[protocol.CID]string // what was ever written, by its entry
}

// posted is an envelope on its way; who is the device it comes from or goes to.
type posted struct {
	who  int
	data []byte
}

// ledgerModel is what one side keeps: the chain, and what stands in it.
type ledgerModel struct {
	chain *Chain
	items []HandbackItem
	ids   []protocol.CID // of commits
}

func newLedger(g OpenedGenesis) *ledgerModel {
	l := &ledgerModel{chain: NewChain(g)}
	l.chain.CommitAt = l.commitAt
	return l
}

func (l *ledgerModel) commitAt(seq uint64) (protocol.CID, bool) {
	if seq == 0 || seq > uint64(len(l.ids)) {
		return protocol.CID{}, false
	}
	return l.ids[seq-1], true
}

func (l *ledgerModel) follow(keys BrandKeys, i HandbackItem) (Committed, error) {
	c, err := l.chain.Follow(keys, i)
	if err == nil {
		l.items, l.ids = append(l.items, i), append(l.ids, c.Commit.ID)
	}
	return c, err
}

// copied is a backup.
func (l *ledgerModel) copied() *ledgerModel {
	c := *l.chain
	c.Devices, c.Links, c.removed = slices.Clone(c.Devices), slices.Clone(c.Links), slices.Clone(c.removed)
	out := &ledgerModel{chain: &c, items: slices.Clone(l.items), ids: slices.Clone(l.ids)}
	c.CommitAt = out.commitAt
	return out
}

type brandModel struct {
	*ledgerModel
	key     ed25519.PrivateKey
	secret  [32]byte
	doubts  map[int]bool // devices that haven't confirmed the chain since it was set back
	backups []*ledgerModel
	waiting map[protocol.CID]*EntryParcel // entries behind a gap
}

type deviceModel struct {
	*ledgerModel
	n      int
	pen    Pen
	outbox []Written
	ahead  map[uint64]HandbackItem
}

func newWorld(t *rapid.T) *world {
	identity, phone, laptop, tea := SigningKey([32]byte{1}), SigningKey([32]byte{2}), SigningKey([32]byte{3}), SigningKey([32]byte{4})
	some := protocol.Sum(protocol.DagCBOR, []byte("some"))
	data, _, err := Genesis{Brand: some, Prekey: some, Home: some, Enc: make([]byte, EncSize), Device: protocol.PublicKeyOf(phone)}.Sign(identity)
	w := &world{t: t, said: map[protocol.CID]string{}}
	w.genesis = must(OpenGenesis(must(data, err)))
	w.keys = BrandKeys{Brand: some, keys: []brandKey{{protocol.PublicKeyOf(tea).ID(), protocol.PublicKeyOf(tea), true}}}
	w.brand = &brandModel{ledgerModel: newLedger(w.genesis), key: tea, secret: [32]byte{5}, doubts: map[int]bool{}, waiting: map[protocol.CID]*EntryParcel{}}
	for n, key := range []ed25519.PrivateKey{phone, laptop} {
		w.devices = append(w.devices, &deviceModel{ledgerModel: newLedger(w.genesis), n: n, pen: Pen{Key: key, Thread: w.genesis.Thread}, ahead: map[uint64]HandbackItem{}})
	}
	cert := must(Certificate{Thread: w.genesis.Thread, Key: protocol.PublicKeyOf(laptop), Kind: KindDevice}.Sign(identity))
	w.write(w.devices[1], Draft{KindDeviceAdd, &DeviceAdd{Certs: [][]byte{cert}}})
	return w
}

func (w *world) salt() [32]byte {
	w.salts++
	return Commitment([32]byte{}, fmt.Append(nil, w.salts))
}

func (w *world) seal(dir Direction, p Parcel) []byte {
	return must(Envelope{Thread: w.genesis.Thread, Dir: dir, Salt: w.salt()}.Seal(w.brand.secret, p))
}

func (w *world) open(data []byte) Parcel {
	return must(must(DecodeEnvelope(data)).Open(w.brand.secret))
}

func (w *world) write(d *deviceModel, draft Draft) {
	x := must(d.pen.Write(draft, d.chain.LastSeen(), w.salt(), protocol.Millis(w.salts)))
	d.outbox = append(d.outbox, x)
	w.said[x.ID] = draft.Kind
	w.send(d, must(x.Parcel(nil)))
}

func (w *world) send(d *deviceModel, p Parcel) { w.up = append(w.up, posted{d.n, w.seal(Up, p)}) }

func (w *world) tell(who int, p Parcel) { w.down = append(w.down, posted{who, w.seal(Down, p)}) }

// again is what a device does now and then: it sends what isn't committed, and asks for
// what stands behind what it has.
func (w *world) again(d *deviceModel) {
	w.send(d, &SyncParcel{After: d.chain.Seq})
	for _, x := range d.outbox {
		w.send(d, must(x.Parcel(nil)))
	}
}

// hear is the brand taking an envelope.
func (w *world) hear(m posted) {
	switch p := w.open(m.data).(type) {
	case *EntryParcel:
		w.judge(m.who, p)
	case *SyncParcel:
		if p.After > w.brand.chain.Seq {
			w.askBack(m.who)
			return
		}
		delete(w.brand.doubts, m.who)
		for _, i := range w.brand.items[p.After:] {
			w.tell(m.who, &EntryParcel{Entry: i.Entry, Commit: i.Commit, Salt: i.Salt, Body: i.Body})
		}
	case *HandbackParcel:
		for _, i := range p.Items {
			if _, err := w.brand.follow(w.keys, i); err != nil && !errors.Is(err, ErrKnown) {
				w.t.Fatalf("handed back: %v", err)
			}
		}
		delete(w.brand.doubts, m.who)
	}
}

func (w *world) askBack(who int) {
	w.brand.doubts[who] = true
	w.tell(who, &ResyncParcel{Have: w.brand.chain.Seq, Commit: w.brand.chain.Last})
}

// judge commits an entry, or says what keeps it.
func (w *world) judge(who int, p *EntryParcel) {
	e := must(DecodeEntry(p.Entry))
	b := w.brand
	if i := slices.IndexFunc(b.items, func(i HandbackItem) bool { return must(DecodeEntry(i.Entry)).ID == e.ID }); i >= 0 {
		w.tell(who, &EntryParcel{Entry: b.items[i].Entry, Commit: b.items[i].Commit, Salt: p.Salt, Body: p.Body})
		return
	}
	value, _ := DecodeBody(e.Kind, p.Body)
	switch err := b.chain.Judge(e, value); {
	case errors.Is(err, ErrUnseen):
		w.askBack(who)
		return
	case len(b.doubts) > 0:
		for d := range b.doubts {
			w.tell(d, &ResyncParcel{Have: b.chain.Seq, Commit: b.chain.Last})
		}
		return
	case errors.Is(err, ErrGap), errors.Is(err, ErrStranger):
		b.waiting[e.ID] = p
		return
	case err != nil:
		w.t.Fatalf("an honest entry is refused: %v", err)
	}
	w.commit(p, e.ID)
	for id, later := range b.waiting {
		delete(b.waiting, id)
		w.judge(who, later)
	}
}

func (w *world) commit(p *EntryParcel, id protocol.CID) {
	c := must(w.brand.chain.Next(id, "", protocol.Millis(w.salts)).Sign(w.brand.key))
	w.salts++
	p.Commit = must(c.Encode())
	if _, err := w.brand.follow(w.keys, HandbackItem{Entry: p.Entry, Commit: p.Commit, Salt: p.Salt, Body: p.Body}); err != nil {
		w.t.Fatalf("the brand can't follow itself: %v", err)
	}
	for n := range w.devices {
		w.tell(n, p)
	}
}

// answer is the brand saying something of its own accord.
func (w *world) answer() {
	if len(w.brand.doubts) > 0 {
		return
	}
	pen := Pen{Key: w.brand.key, Thread: w.genesis.Thread, DSeq: w.brand.chain.Own.DSeq, Last: w.brand.chain.Own.Last}
	x := must(pen.Write(Draft{KindText, &Text{Text: "from the brand"}}, w.brand.chain.LastSeen(), w.salt(), 1))
	w.said[x.ID] = KindText
	w.commit(must(x.Parcel(nil)), x.ID)
}

// read is a device taking an envelope.
func (w *world) read(m posted) {
	d := w.devices[m.who]
	switch p := w.open(m.data).(type) {
	case *EntryParcel:
		w.admit(d, HandbackItem{Entry: p.Entry, Commit: p.Commit, Salt: p.Salt, Body: p.Body})
	case *ResyncParcel:
		if p.Have >= d.chain.Seq {
			w.again(d)
			return
		}
		if id, _ := d.commitAt(p.Have); p.Have > 0 && id != p.Commit {
			w.t.Fatalf("the brand has another commit %d", p.Have)
		}
		w.send(d, &HandbackParcel{Items: d.items[p.Have:]})
		w.again(d)
	}
}

func (w *world) admit(d *deviceModel, i HandbackItem) {
	c, err := d.follow(w.keys, i)
	switch {
	case errors.Is(err, ErrGap):
		d.ahead[must(DecodeCommit(i.Commit)).Seq] = i
		return
	case errors.Is(err, ErrKnown):
		return
	case err != nil:
		w.t.Fatalf("device %d: %v", d.n, err)
	}
	d.outbox = slices.DeleteFunc(d.outbox, func(x Written) bool { return x.ID == c.Entry.ID })
	if next, waits := d.ahead[d.chain.Seq+1]; waits {
		delete(d.ahead, d.chain.Seq+1)
		w.admit(d, next)
	}
}

// setBack restores a backup of the brand. What was sealed before, and is stale, doesn't
// open any more: the devices join anew. The brand hears both before it commits anything.
func (w *world) setBack(to *ledgerModel) {
	w.brand.ledgerModel, w.brand.secret, w.up = to.copied(), w.salt(), nil
	w.brand.waiting = map[protocol.CID]*EntryParcel{}
	for n := range w.devices {
		w.brand.doubts[n] = true
	}
}

// pick takes an envelope out of a queue, from anywhere in it.
func (w *world) pick(queue *[]posted) posted {
	i := rapid.IntRange(0, min(len(*queue)-1, 8)).Draw(w.t, "which")
	m := (*queue)[i]
	*queue = slices.Delete(*queue, i, i+1)
	return m
}

func (w *world) step() {
	switch action := rapid.SampledFrom([]string{"say", "say", "answer", "up", "up", "up", "down", "down", "down", "drop", "repeat", "again", "calm", "backup", "restore", "restore"}).Draw(w.t, "action"); {
	case action == "say":
		w.write(w.devices[rapid.IntRange(0, 1).Draw(w.t, "device")], Draft{KindText, &Text{Text: "from the shopper"}})
	case action == "answer":
		w.answer()
	case action == "up" && len(w.up) > 0:
		w.hear(w.pick(&w.up))
	case action == "down" && len(w.down) > 0:
		w.read(w.pick(&w.down))
	case action == "drop" && len(w.down) > 0:
		w.pick(&w.down)
	case action == "drop" && len(w.up) > 0:
		w.pick(&w.up)
	case action == "repeat" && len(w.down) > 0:
		w.down = append(w.down, w.down[0])
	case action == "repeat" && len(w.up) > 0:
		w.up = append(w.up, w.up[0])
	case action == "again":
		w.again(w.devices[rapid.IntRange(0, 1).Draw(w.t, "device")])
	case action == "calm":
		w.again(w.devices[0])
		w.again(w.devices[1])
		w.deliver()
	case action == "backup":
		w.brand.backups = append(w.brand.backups, w.brand.copied())
	case action == "restore" && w.mayForget():
		w.setBack(w.brand.backups[rapid.IntRange(0, len(w.brand.backups)-1).Draw(w.t, "backup")])
	}
}

// mayForget reports whether the devices together hold all that the brand would forget
// of what it ever told anybody: what nobody holds is gone, and envelopes with it that
// are still on their way would contradict what comes in its place.
func (w *world) mayForget() bool {
	return len(w.brand.backups) > 0 && len(w.down) == 0 && max(w.devices[0].chain.Seq, w.devices[1].chain.Seq) == w.brand.chain.Seq
}

// deliver lets what is on its way arrive, in order.
func (w *world) deliver() {
	for len(w.up) > 0 {
		m := w.up[0]
		w.up = w.up[1:]
		w.hear(m)
	}
	for len(w.down) > 0 {
		m := w.down[0]
		w.down = w.down[1:]
		w.read(m)
	}
}

// settle lets everything arrive.
func (w *world) settle() {
	for range 200 {
		if len(w.up)+len(w.down) == 0 {
			if w.settled() {
				return
			}
			w.again(w.devices[0])
			w.again(w.devices[1])
		}
		w.deliver()
	}
	w.t.Fatalf("never comes to rest: %d, %d and %d commits, doubts %v", w.brand.chain.Seq, w.devices[0].chain.Seq, w.devices[1].chain.Seq, w.brand.doubts)
}

func (w *world) settled() bool {
	done := true
	for _, d := range w.devices {
		done = done && len(d.outbox) == 0 && d.chain.Seq == w.brand.chain.Seq
	}
	return done
}

func TestTwoDevicesAndAForgetfulBrandConverge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for range rapid.IntRange(5, 60).Draw(t, "steps") {
			w.step()
		}
		w.settle()
		for _, d := range w.devices {
			if !slices.Equal(d.ids, w.brand.ids) || d.chain.Last != w.brand.chain.Last {
				t.Fatalf("device %d has another history", d.n)
			}
		}
		w.everythingOnce()
	})
}

// everythingOnce checks that what was said stands, once each.
func (w *world) everythingOnce() {
	stands := map[protocol.CID]int{}
	for _, i := range w.brand.items {
		stands[must(DecodeEntry(i.Entry)).ID]++
	}
	for id, kind := range w.said {
		if stands[id] != 1 {
			w.t.Fatalf("%s %s stands %d times", kind, id, stands[id])
		}
	}
	if len(stands) != len(w.said) {
		w.t.Fatalf("%d entries stand, %d were said", len(stands), len(w.said))
	}
}
