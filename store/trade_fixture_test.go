package store_test

import (
	"fmt"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv"
	"github.com/stoa-commerce/stoa/store/kv/badgerkv"
	"github.com/stoa-commerce/stoa/store/kv/memkv"
)

// cid names something by a word and a number.
func cid(what string, n int) protocol.CID {
	return protocol.Sum(protocol.DagCBOR, fmt.Append(nil, what, n))
}

// key32 is a key of 32 bytes that nothing else is.
func key32(what string, n int) (key [32]byte) {
	d := cid(what, n).Digest()
	return d
}

// newThread returns a thread of some shopper, as it is when it begins.
func newThread(n int) *store.Thread {
	return &store.Thread{
		ID: cid("thread", n), Brand: cid("brand", 0), Home: cid("home", n),
		Genesis: fmt.Append(make([]byte, 1600), "genesis", n), Identity: key32("identity", n), Device: key32("device", n), Write: key32("write", n),
		Devices: []store.ThreadDevice{{Key: key32("device", n), FirstSeen: 1}},
		Secrets: []store.EpochSecret{{Secret: key32("secret", n)}},
		Created: store.Millis(n + 1), Touched: store.Millis(n + 1),
	}
}

// newEntry returns an entry of a thread with a body of some size.
func newEntry(thread, seq int, class store.Class, size int) *store.ThreadEntry {
	body := fmt.Appendf(nil, "body %d of %d ", seq, thread)
	for len(body) < size {
		body = append(body, byte(len(body)))
	}
	salt := key32("salt", thread<<20|seq)
	return &store.ThreadEntry{
		Seq: uint64(seq), Entry: fmt.Append(make([]byte, 300), "entry", seq), Commit: fmt.Append(make([]byte, 250), "commit", seq),
		ID: cid(fmt.Sprint("entry of ", thread, " "), seq), Kind: "text", Class: class, Salt: salt[:], Body: body, Time: store.Millis(1000 + seq),
	}
}

// newOrder returns the order of an entry.
func newOrder(thread, seq int, number uint64) *store.Order {
	return &store.Order{
		ID: newEntry(thread, seq, store.Fiscal, 0).ID, Thread: cid("thread", thread), Number: number, Placed: store.Millis(1000 + seq),
		Total: protocol.NewMoney(int64(100*seq), "EUR"), Open: true, Status: "placed", State: fmt.Append(make([]byte, 700), "state of ", number),
	}
}

// desk is a store with tables of trading, on some engine.
type desk struct {
	t      testing.TB
	engine kv.Engine
	folder string // "": keys in the engine
	*store.Store
}

func memDesk(t testing.TB) *desk {
	d := &desk{t: t, engine: memkv.New()}
	d.open()
	return d
}

// diskDesk is a desk in a home with files.
func diskDesk(t testing.TB, home string) *desk {
	t.Helper()
	engine, err := badgerkv.Open(badgerkv.Options{Dir: home + "/store"})
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, engine: engine, folder: home}
	d.open()
	return d
}

func (d *desk) open() {
	d.t.Helper()
	var err error
	if d.folder == "" {
		d.Store, err = store.Open(d.t.Context(), d.engine)
	} else {
		d.Store, err = store.OpenIn(d.t.Context(), d.engine, d.folder)
	}
	d.check(err)
	d.t.Cleanup(d.close)
}

func (d *desk) close() {
	d.Store.Close()
	d.engine.Close()
}

func (d *desk) check(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) trade(fn func(tx *store.TradeTxn) error) {
	d.t.Helper()
	d.check(d.Trade(d.t.Context(), fn))
}

func (d *desk) read(fn func(v *store.DeskView) error) {
	d.t.Helper()
	d.check(d.Desk(d.t.Context(), fn))
}

// begin stores threads with so many entries each.
func (d *desk) begin(threads, entries int) {
	d.t.Helper()
	d.trade(func(tx *store.TradeTxn) error {
		for n := range threads {
			if err := tx.PutThread(newThread(n)); err != nil {
				return err
			}
			for seq := 1; seq <= entries; seq++ {
				if err := tx.PutEntry(cid("thread", n), newEntry(n, seq, store.Conversation, 100)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// rowsOf returns the keys of the rows that begin with a prefix.
func (d *desk) rowsOf(prefix string) (keys []string) {
	d.t.Helper()
	d.check(d.engine.View(d.t.Context(), func(r kv.Reader) error {
		for item, err := range r.Scan(kv.Prefix([]byte(prefix)), kv.ScanOptions{KeysOnly: true}) {
			if err != nil {
				return err
			}
			keys = append(keys, string(item.Key))
		}
		return nil
	}))
	return keys
}
