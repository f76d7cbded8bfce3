package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv/memkv"
)

// relayed is a relay's store beside a plain list of what waits in it.
type relayed struct {
	rt *rapid.T
	*desk
	items []store.BoxItem   // by arrival
	boxes map[int]store.Box // by number of the thread
	last  map[string]uint64 // numbers given, by thread and direction
	turns map[protocol.CID]uint64
}

func (r *relayed) boxTxn(fn func(*store.BoxTxn) error) {
	r.rt.Helper()
	if err := r.Boxes(r.t.Context(), fn); err != nil {
		r.rt.Fatal(err)
	}
}

func boxBrand(thread int) protocol.CID { return cid("brand", thread%2) }

func (r *relayed) put(rt *rapid.T) {
	n := rapid.IntRange(0, 3).Draw(rt, "thread")
	b := store.Box{
		Thread: cid("thread", n), Brand: boxBrand(n), WriteHash: key32("write", n), Genesis: []byte("genesis"),
		Read: rapid.Uint64Range(0, 9).Draw(rt, "read"), Until: store.Millis(rapid.IntRange(0, 9).Draw(rt, "until")),
	}
	b.Up.Last, b.Down.Items = 77, 77 // the store keeps its own count
	r.boxTxn(func(tx *store.BoxTxn) error { return tx.PutBox(&b) })
	b.Up, b.Down = r.boxes[n].Up, r.boxes[n].Down
	r.boxes[n] = b
}

func (r *relayed) append(rt *rapid.T) {
	n := rapid.IntRange(0, 3).Draw(rt, "thread")
	size := rapid.SampledFrom([]int{0, 1, 1000, 192 << 10, 192<<10 + 1, 384 << 10, store.MaxPieced}).Draw(rt, "size")
	i := store.BoxItem{
		Thread: cid("thread", n), Direction: store.Direction(rapid.IntRange(0, 1).Draw(rt, "direction")), Kind: "envelope",
		Bytes: bytes.Repeat([]byte{byte(len(r.items))}, size), Time: 1, Until: store.Millis(rapid.IntRange(0, 9).Draw(rt, "until")),
	}
	i.ID = cid("item", rapid.Int().Draw(rt, "id"))
	if _, ok := r.boxes[n]; !ok {
		err := r.Boxes(r.t.Context(), func(tx *store.BoxTxn) error { return tx.Append(&i) })
		if !errors.Is(err, store.ErrNotFound) {
			rt.Fatalf("without a box: %v", err)
		}
		return
	}
	r.boxTxn(func(tx *store.BoxTxn) error { return tx.Append(&i) })
	place := fmt.Sprint(n, i.Direction)
	r.last[place]++
	turn := uint64(0)
	if i.Direction == store.Up {
		r.turns[boxBrand(n)]++
		turn = r.turns[boxBrand(n)]
	}
	if i.N != r.last[place] || i.Turn != turn {
		rt.Fatalf("number %d and turn %d, want %d and %d", i.N, i.Turn, r.last[place], turn)
	}
	r.items = append(r.items, i)
}

// drop forgets the items of which gone is true, in the model.
func (r *relayed) drop(gone func(store.BoxItem) bool) (n int) {
	before := len(r.items)
	r.items = slices.DeleteFunc(r.items, gone)
	return before - len(r.items)
}

func (r *relayed) ack(rt *rapid.T) {
	n, d := rapid.IntRange(0, 3).Draw(rt, "thread"), store.Direction(rapid.IntRange(0, 1).Draw(rt, "direction"))
	upTo := rapid.Uint64Range(0, 6).Draw(rt, "up to")
	one := rapid.Bool().Draw(rt, "one")
	r.boxTxn(func(tx *store.BoxTxn) error {
		if one {
			return tx.DeleteItem(cid("thread", n), d, upTo)
		}
		return tx.Delete(cid("thread", n), d, upTo)
	})
	r.drop(func(i store.BoxItem) bool {
		return i.Thread == cid("thread", n) && i.Direction == d && (i.N == upTo || !one && i.N < upTo)
	})
}

func (r *relayed) dropBox(n int) {
	r.drop(func(i store.BoxItem) bool { return i.Thread == cid("thread", n) })
	delete(r.boxes, n)
	delete(r.last, fmt.Sprint(n, store.Up))
	delete(r.last, fmt.Sprint(n, store.Down))
}

func (r *relayed) delete(rt *rapid.T) {
	n := rapid.IntRange(0, 3).Draw(rt, "thread")
	r.boxTxn(func(tx *store.BoxTxn) error { return tx.DeleteBox(cid("thread", n)) })
	r.dropBox(n)
}

func (r *relayed) expire(rt *rapid.T) {
	now := store.Millis(rapid.IntRange(1, 9).Draw(rt, "now"))
	for {
		left := 0
		r.boxTxn(func(tx *store.BoxTxn) error {
			gone, err := tx.Expire(now, 2)
			left = len(gone)
			return err
		})
		if left == 0 {
			break
		}
	}
	r.drop(func(i store.BoxItem) bool { return i.Until != 0 && i.Until < now })
	for n, b := range r.boxes {
		if b.Until != 0 && b.Until < now {
			r.dropBox(n)
		}
	}
}

// agree compares everything that can be read with the model.
func (r *relayed) agree() {
	err := r.ReadBoxes(r.t.Context(), func(v *store.BoxView) error {
		for n := range 4 {
			if err := r.box(v, n); err != nil {
				return fmt.Errorf("box %d: %w", n, err)
			}
		}
		for brand := range 2 {
			if err := r.queue(v, boxBrand(brand)); err != nil {
				return fmt.Errorf("queue of brand %d: %w", brand, err)
			}
		}
		return nil
	})
	if err != nil {
		r.rt.Fatal(err)
	}
}

func (r *relayed) box(v *store.BoxView, n int) error {
	got, err := v.Box(cid("thread", n))
	want, ok := r.boxes[n]
	if !ok {
		return expect(err, store.ErrNotFound)
	}
	if err != nil || got.Read != want.Read || got.Until != want.Until || got.WriteHash != want.WriteHash {
		return fmt.Errorf("%+v, %w", got, err)
	}
	for d, side := range []store.BoxSide{got.Up, got.Down} {
		var is []store.BoxItem
		count := store.BoxSide{Last: r.last[fmt.Sprint(n, store.Direction(d))]}
		for _, i := range r.items {
			if i.Thread == got.Thread && i.Direction == store.Direction(d) {
				is = append(is, i)
				count.Items++
				count.Bytes += int64(len(i.Bytes))
			}
		}
		if side != count {
			return fmt.Errorf("direction %d counts %+v, want %+v", d, side, count)
		}
		list, err := v.Items(got.Thread, store.Direction(d), 0, 1000)
		if err := errors.Join(err, sameItems(list, is)); err != nil {
			return err
		}
	}
	return nil
}

func (r *relayed) queue(v *store.BoxView, brand protocol.CID) error {
	var want []store.BoxItem
	for _, i := range r.items {
		for n := range r.boxes {
			if i.Thread == cid("thread", n) && i.Direction == store.Up && boxBrand(n) == brand {
				want = append(want, i)
			}
		}
	}
	var got []*store.BoxItem
	for after := uint64(0); ; {
		list, err := v.Queue(brand, after, 2)
		if err != nil {
			return err
		}
		if got = append(got, list...); len(list) < 2 {
			break
		}
		after = list[1].Turn
	}
	return sameItems(got, want)
}

func sameItems(got []*store.BoxItem, want []store.BoxItem) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d items, want %d", len(got), len(want))
	}
	for n, i := range got {
		if i.N != want[n].N || i.Turn != want[n].Turn || i.ID != want[n].ID || !bytes.Equal(i.Bytes, want[n].Bytes) || i.Until != want[n].Until {
			return fmt.Errorf("item %d has number %d and %d bytes, want %d and %d", n, i.N, len(i.Bytes), want[n].N, len(want[n].Bytes))
		}
	}
	return nil
}

// TestBoxesAgreeWithAPlainModel fills and empties boxes, lets their time run out and
// takes the power away.
func TestBoxesAgreeWithAPlainModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := &relayed{rt: rt, desk: memDesk(t), boxes: map[int]store.Box{}, last: map[string]uint64{}, turns: map[protocol.CID]uint64{}}
		defer r.close()
		act := func(do func(*rapid.T)) func(*rapid.T) { return func(rt *rapid.T) { r.rt = rt; do(rt) } }
		rt.Repeat(map[string]func(*rapid.T){
			"": act(func(*rapid.T) { r.agree() }), "put": act(r.put), "append": act(r.append), "append2": act(r.append),
			"ack": act(r.ack), "delete": act(r.delete), "expire": act(r.expire),
			"power": act(func(*rapid.T) {
				r.Store.Close()
				r.engine = r.engine.(*memkv.Engine).PowerLoss()
				r.open()
			}),
		})
		for n := range 4 {
			r.boxTxn(func(tx *store.BoxTxn) error { return tx.DeleteBox(cid("thread", n)) })
		}
		if left := r.rowsOf("r"); len(left) > 2 { // the last turns of two brands
			rt.Errorf("left are %q", left)
		}
	})
}

func TestAnItemThatIsTooLargeIsRefused(t *testing.T) {
	d := memDesk(t)
	err := d.Boxes(t.Context(), func(tx *store.BoxTxn) error {
		b := &store.Box{Thread: cid("thread", 1), Brand: cid("brand", 1)}
		return errors.Join(tx.PutBox(b), tx.Append(&store.BoxItem{Thread: b.Thread, Bytes: make([]byte, store.MaxPieced+1)}))
	})
	if err == nil {
		t.Error("it was taken")
	}
}
