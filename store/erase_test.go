package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv"
	"github.com/stoa-commerce/stoa/store/kv/badgerkv"
	"github.com/stoa-commerce/stoa/store/kv/memkv"
	"github.com/stoa-commerce/stoa/store/slots"
)

// plainDesk is a desk in a home whose tables are written as they are, so that they can
// be searched.
func plainDesk(t *testing.T, home string) *desk {
	t.Helper()
	engine, err := badgerkv.Open(badgerkv.Options{Dir: filepath.Join(home, "store"), Uncompressed: true})
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, engine: engine, folder: home}
	d.open()
	return d
}

// found says in which files of a folder a text stands. It looks again when a file went
// while it looked: what was in it is in another.
func found(t *testing.T, folder string, text []byte) (in []string) {
	t.Helper()
	for {
		in, err := search(folder, text)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
}

func search(folder string, text []byte) (in []string, err error) {
	err = filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, text) {
			in = append(in, filepath.Base(path))
		}
		return err
	})
	return in, err
}

// planted are texts and keys of thread 1, by what they are. Those of its orders are
// apart: they stay, sealed.
func planted(d *desk) (secret map[string][]byte) {
	n, name := 1, "Zebediah Quill"
	thread := newThread(n)
	thread.Name, thread.Seq, thread.Callback = name, 20, []byte("zebediah@quill.example")
	e := newEntry(n, 7, store.Conversation, 3000)
	copy(e.Body, "is the kettle dishwasher safe")
	d.trade(func(tx *store.TradeTxn) error {
		if err := tx.PutThread(thread); err != nil {
			return err
		}
		notice := &store.Notice{Thread: thread.ID, Due: 5, Kind: "mail", Body: []byte("letter to the quills")}
		return errors.Join(tx.PutEntry(thread.ID, e), tx.PutNotice(notice))
	})
	identity := key32("identity", n)
	epoch, write := key32("secret", n), key32("write", n)
	return map[string][]byte{
		"body": e.Body[:29], "salt": e.Salt, "name": []byte(name), "callback": thread.Callback, "letter": []byte("letter to the quills"),
		"epoch secret": epoch[:], "write capability": write[:], "identity": identity[:],
	}
}

// flood makes the engine write tables and compact them.
func (d *desk) flood(first int) {
	d.t.Helper()
	for n := first; n < first+20; n++ {
		d.trade(func(tx *store.TradeTxn) error {
			if err := tx.PutThread(newThread(n)); err != nil {
				return err
			}
			for seq := 1; seq <= 20; seq++ {
				if err := tx.PutEntry(cid("thread", n), newEntry(n, seq, store.Conversation, 60_000)); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// TestNothingOfAnErasedThreadIsLeftInAnyFile searches everything below a home, before
// and after, while it is open and when it was closed. The key of the conversation is
// there before, so the search can find it, and a planted control stays.
func TestNothingOfAnErasedThreadIsLeftInAnyFile(t *testing.T) {
	home := t.TempDir()
	d := plainDesk(t, home)
	control := []byte("a setting that nobody seals")
	d.trade(func(tx *store.TradeTxn) error { return tx.PutSetting("control", control) })
	secret := planted(d)
	d.flood(100)
	keys := d.keysOf(1)
	if in := found(t, home, control); len(in) == 0 {
		t.Fatal("the search doesn't find what was planted for it")
	}
	for i, key := range keys {
		if in := found(t, home, key[:]); !slices.Equal(in, []string{slots.KeysName}) {
			t.Fatalf("key %d stands in %v", i, in)
		}
	}
	none := func(when string) {
		t.Helper()
		for what, text := range secret {
			if in := found(t, home, text); len(in) > 0 {
				t.Errorf("%s: the %s stands in %v", when, what, in)
			}
		}
	}
	none("before")
	d.check(d.Erase(t.Context(), cid("thread", 1), 99))
	for _, when := range []string{"after", "after more was written", "closed"} {
		none(when)
		for i, key := range keys {
			if in := found(t, home, key[:]); len(in) > 0 {
				t.Errorf("%s: key %d stands in %v", when, i, in)
			}
		}
		if in := found(t, home, control); len(in) == 0 {
			t.Errorf("%s: the search doesn't find what was planted for it", when)
		}
		switch when {
		case "after":
			d.flood(200)
		case "after more was written":
			d.close()
		}
	}
}

func (d *desk) keysOf(thread int) (keys [][32]byte) {
	d.t.Helper()
	d.read(func(v *store.DeskView) error {
		conversation, fiscal, err := v.KeysOf(cid("thread", thread))
		for _, slot := range []uint32{conversation, fiscal} {
			key, err := d.Key(slot)
			d.check(err)
			keys = append(keys, key)
		}
		return err
	})
	return keys
}

var errKilled = errors.New("killed")

// TestAnErasureIsEndedAfterBeingKilledAtAnyStep kills one at each of its steps; what
// opens the store next ends it.
func TestAnErasureIsEndedAfterBeingKilledAtAnyStep(t *testing.T) {
	for _, orders := range []int{0, 1} {
		for _, at := range []string{"marked", "recorded", "overwritten", "entombed", "notices gone", "entries gone", "rows gone"} {
			t.Run(fmt.Sprint(orders, " orders, ", at), func(t *testing.T) {
				d := memDesk(t)
				d.folder = t.TempDir()
				d.Store.Close()
				d.open()
				d.begin(3, 5)
				d.order(1, orders)
				planted(d)
				shopper := d.shopperOf(1)
				d.killErasing(1, at)
				d.Store.Close()
				d.engine = d.engine.(*memkv.Engine).Reopen()
				d.open()
				d.isErased(1, orders)
				d.check(d.Erase(t.Context(), cid("thread", 1), 100))
				d.isErased(1, orders)
				if d.inRows(shopper) {
					t.Error("the hash of the shopper is left")
				}
				if left := append(d.rowsOf("cx/"), d.rowsOf("cy/")...); len(left) > 0 {
					t.Errorf("of the letter are left %q", left)
				}
				d.isThere(0, 5)
				d.isThere(2, 5)
			})
		}
	}
}

// shopperOf returns the keyed hash under which a thread is found.
func (d *desk) shopperOf(thread int) (hash string) {
	d.t.Helper()
	d.check(d.engine.View(d.t.Context(), func(r kv.Reader) error {
		for _, key := range d.rowsOf("ci/") {
			id, err := r.Get([]byte(key))
			if err != nil {
				return err
			}
			if string(id) == string(cid("thread", thread).Bytes()) {
				hash = key[len("ci/"):]
			}
		}
		return nil
	}))
	if hash == "" || !d.inRows(hash) {
		d.t.Fatal("no shopper")
	}
	return hash
}

// inRows says whether a text stands in the key or the value of any row.
func (d *desk) inRows(text string) (is bool) {
	d.t.Helper()
	d.check(d.engine.View(d.t.Context(), func(r kv.Reader) error {
		for item, err := range r.Scan(kv.Range{}, kv.ScanOptions{}) {
			if err != nil {
				return err
			}
			is = is || strings.Contains(string(item.Key)+"\x00"+string(item.Value), text)
		}
		return nil
	}))
	return is
}

// TestALongThreadIsErasedWhole erases more entries than one transaction goes over, and
// larger ones than it writes.
func TestALongThreadIsErasedWhole(t *testing.T) {
	for name, c := range map[string]struct{ entries, size int }{"many": {1200, 10}, "large": {40, 60_000}} {
		t.Run(name, func(t *testing.T) {
			d := memDesk(t)
			d.begin(1, 0)
			for first := 1; first <= c.entries; first += 20 {
				d.trade(func(tx *store.TradeTxn) error {
					for seq := first; seq < first+20; seq++ {
						if err := tx.PutEntry(cid("thread", 0), newEntry(0, seq, store.Conversation, c.size)); err != nil {
							return err
						}
					}
					return nil
				})
			}
			d.order(0, 1) // entry 100, in the place of another
			d.check(d.Erase(t.Context(), cid("thread", 0), 99))
			d.isErased(0, 1)
		})
	}
}

// order places orders of a thread, in entries behind the others.
func (d *desk) order(thread, orders int) {
	d.t.Helper()
	d.trade(func(tx *store.TradeTxn) error {
		for i := range orders {
			e := newEntry(thread, 100+i, store.Fiscal, 50)
			number, err := tx.NextNumber()
			o := newOrder(thread, 100+i, number)
			hold := &store.Hold{Order: o.ID, Lines: []store.HoldLine{{Variant: "a", Quantity: 1}}}
			if err := errors.Join(err, tx.PutEntry(cid("thread", thread), e), tx.PutOrder(o), tx.PutHold(hold)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (d *desk) killErasing(thread int, at string) {
	d.t.Helper()
	reached := false
	d.OnErasure(func(step string) {
		if step == at {
			reached = true
			panic(errKilled)
		}
	})
	defer func() {
		if p := recover(); p != nil && p != errKilled {
			panic(p)
		}
		if !reached {
			d.t.Fatalf("no step %q", at)
		}
	}()
	d.check(d.Erase(context.Background(), cid("thread", thread), 99))
}

// isErased checks that of a thread nothing can be read but what its orders need.
func (d *desk) isErased(thread, orders int) {
	d.t.Helper()
	id := cid("thread", thread)
	d.read(func(v *store.DeskView) error {
		t, err := v.Thread(id)
		if err != nil || !t.Erased || t.Name != "" {
			d.t.Errorf("thread is %+v, %v", t, err)
		}
		if _, err := v.ThreadByIdentity(key32("identity", thread)); !errors.Is(err, store.ErrNotFound) {
			d.t.Errorf("found by its shopper: %v", err)
		}
		if list, err := v.Notices(1000, 10); err != nil || len(list) > 0 {
			d.t.Errorf("%d notices are left, %v", len(list), err)
		}
		list, err := v.Entries(id, 0, 1000)
		if err != nil || orders == 0 && len(list) > 0 || orders > 0 && len(list) < 5 {
			d.t.Errorf("%d entries are left, %v", len(list), err)
		}
		for _, e := range list {
			if fiscal := e.Class == store.Fiscal; fiscal != (e.Body != nil) || e.Entry == nil || e.Commit == nil {
				d.t.Errorf("entry %d is %+v", e.Seq, e)
			}
		}
		left, err := v.OrdersOf(id)
		if err != nil || len(left) != orders {
			d.t.Errorf("%d orders are left of %d, %v", len(left), orders, err)
		}
		conversation, fiscal, err := v.KeysOf(id)
		if _, err := d.Key(conversation); !errors.Is(err, slots.ErrErased) {
			d.t.Errorf("the key of the conversation: %v", err)
		}
		if _, err := d.Key(fiscal); (orders == 0) != errors.Is(err, slots.ErrErased) {
			d.t.Errorf("the fiscal key with %d orders: %v", orders, err)
		}
		return err
	})
	err := d.Trade(d.t.Context(), func(tx *store.TradeTxn) error { return tx.PutThread(newThread(thread)) })
	if !errors.Is(err, store.ErrErased) {
		d.t.Errorf("written again: %v", err)
	}
}

func (d *desk) isThere(thread, entries int) {
	d.t.Helper()
	d.read(func(v *store.DeskView) error {
		t, err := v.Thread(cid("thread", thread))
		if err != nil || t.Erased || t.Identity != key32("identity", thread) {
			d.t.Errorf("thread is %+v, %v", t, err)
		}
		list, err := v.Entries(cid("thread", thread), 0, 100)
		if len(list) != entries {
			d.t.Errorf("%d entries, want %d", len(list), entries)
		}
		for _, e := range list {
			if !strings.HasPrefix(string(e.Body), fmt.Sprintf("body %d of %d", e.Seq, thread)) {
				d.t.Errorf("entry %d says %q", e.Seq, e.Body)
			}
		}
		return err
	})
}

func TestFiscalRecordsOfAnErasedThreadGoWhenTheirTermIsOver(t *testing.T) {
	d := memDesk(t)
	d.begin(2, 3)
	d.order(1, 2)
	d.check(d.Erase(t.Context(), cid("thread", 1), 5000))
	youngest := store.Millis(1101) // of its entries and orders
	over := youngest + store.Millis(store.FiscalTerm.Milliseconds())
	for _, c := range []struct {
		now  store.Millis
		want int
	}{{over, 0}, {over + 1, 1}, {over + 2, 0}} {
		if n, err := d.ExpireFiscal(t.Context(), c.now); err != nil || n != c.want {
			t.Errorf("at %d: %d, %v, want %d", c.now, n, err, c.want)
		}
		orders := 2
		if c.now > over {
			orders = 0
		}
		d.isErased(1, orders)
	}
	d.read(func(v *store.DeskView) error {
		list, err := v.Orders(store.OrderFilter{}, 0, 10)
		if len(list) != 0 {
			t.Errorf("%d orders are left", len(list))
		}
		if s, err := v.Stock("a"); err != nil || s.Held != 2 {
			t.Errorf("held are %d, %v", s.Held, err)
		}
		return err
	})
	d.isThere(0, 3)
}

func TestAPrekeyThatWasDeletedIsGoneForGood(t *testing.T) {
	d := memDesk(t)
	d.folder = t.TempDir()
	d.Store.Close()
	d.open()
	p := store.Prekey{ID: cid("prekey", 1), Record: []byte("record"), Seed: key32("seed", 1), From: 1, Until: 2}
	q := p
	q.ID = cid("prekey", 2)
	d.check(d.UpdateOwn(t.Context(), func(o *store.OwnTxn) error { return errors.Join(o.PutPrekey(p), o.PutPrekey(q)) }))
	old, err := os.ReadFile(filepath.Join(d.folder, slots.KeysName))
	d.check(err)
	rows := d.rows()
	d.check(d.DeletePrekey(t.Context(), p.ID, 3))
	d.check(d.DeletePrekey(t.Context(), p.ID, 3))
	only := func(when string) {
		t.Helper()
		d.read(func(v *store.DeskView) error {
			list, err := v.Prekeys()
			if err != nil || len(list) != 1 || list[0].ID != q.ID || list[0].Seed != q.Seed || string(list[0].Record) != "record" {
				t.Errorf("%s: %+v, %v", when, list, err)
			}
			return nil
		})
	}
	only("after")
	d.check(os.WriteFile(filepath.Join(d.folder, slots.KeysName), old, 0o600)) // both from before
	d.restore(rows)
	only("with the rows and keys of before")
}
