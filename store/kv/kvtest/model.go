package kvtest

import (
	"context"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/stoa-commerce/stoa/store/kv"
)

// plain is the model: items in a sorted slice, copied for every state.
type plain []string // "key=value"; keys hold no '='

func (p plain) set(key, value string) plain {
	return p.delete(key).insert(key + "=" + value)
}

func (p plain) insert(item string) plain {
	at, _ := slices.BinarySearchFunc(p, item, func(a, b string) int { return strings.Compare(keyOf(a), keyOf(b)) })
	return slices.Insert(slices.Clone(p), at, item)
}

func (p plain) delete(key string) plain {
	return slices.DeleteFunc(slices.Clone(p), func(s string) bool { return keyOf(s) == key })
}

func (p plain) scan(r kv.Range, o kv.ScanOptions) []string {
	out := []string{}
	for _, item := range p {
		if r.Contains([]byte(keyOf(item))) {
			out = append(out, item)
		}
	}
	if o.Reverse {
		slices.Reverse(out)
	}
	if o.Limit > 0 && len(out) > o.Limit {
		out = out[:o.Limit]
	}
	return out
}

func keyOf(item string) string { return item[:strings.IndexByte(item, '=')] }

// walk is a random walk over one engine and the model.
type walk struct {
	t     *testing.T
	e     kv.Engine
	now   plain
	snaps []kv.Snapshot
	then  []plain // what each snapshot must show
}

// model walks a hundred times, and now and then on a new engine, because old
// versions of the same few keys pile up and slow it down.
func model(t *testing.T, open Open) {
	var e kv.Engine
	walks := 0
	rapid.Check(t, func(r *rapid.T) {
		if walks++; e == nil || walks%20 == 0 {
			e = open(t)
		}
		_, err := kv.DeleteRange(context.Background(), e, kv.Range{})
		must(t, err)
		w := &walk{t: t, e: e}
		r.Repeat(map[string]func(*rapid.T){
			"update": w.update, "delete range": w.deleteRange, "bulk": w.bulk,
			"snapshot": w.snapshot, "look back": w.lookBack, "": w.check,
		})
		for _, s := range w.snaps {
			s.Release()
		}
	})
}

// keys are few and share prefixes, 0xff among them, so that steps meet.
func key(r *rapid.T) string {
	return rapid.StringOfN(rapid.SampledFrom([]rune("ab/")), 1, 4, -1).Draw(r, "key") +
		rapid.SampledFrom([]string{"", "\xff", "\xff\xff", "\x00"}).Draw(r, "tail")
}

func scanOf(r *rapid.T) (rg kv.Range, o kv.ScanOptions) {
	switch k := []byte(key(r)); rapid.IntRange(0, 6).Draw(r, "range") {
	case 1:
		rg = kv.Prefix(k)
	case 2:
		rg.Start = k
	case 3:
		rg.End = k
	case 4:
		rg = kv.Range{Start: k, End: []byte(key(r))}
	case 5:
		rg = kv.Prefix(k[:1]).After(k)
	case 6:
		rg = kv.Prefix(k[:1]).Before(k)
	}
	o.Reverse, o.Limit = rapid.Bool().Draw(r, "reverse"), rapid.IntRange(0, 3).Draw(r, "limit")
	return rg, o
}

func (w *walk) update(r *rapid.T) {
	next, fail := w.now, rapid.IntRange(0, 4).Draw(r, "fail") == 0
	err := w.e.Update(context.Background(), kv.Durability(rapid.IntRange(0, 1).Draw(r, "durability")), func(tx kv.Txn) error {
		for range rapid.IntRange(0, 6).Draw(r, "writes") {
			if k := key(r); rapid.Bool().Draw(r, "set") {
				v := rapid.StringN(0, 5, -1).Draw(r, "value")
				next = next.set(k, v)
				must(w.t, tx.Set([]byte(k), []byte(v)))
			} else {
				next = next.delete(k)
				must(w.t, tx.Delete([]byte(k)))
			}
			rg, o := scanOf(r)
			equal(r, list(w.t, tx, rg, o), next.scan(rg, o))
		}
		if fail {
			return errMine
		}
		return nil
	})
	if fail {
		equalErr(w.t, err, errMine)
		return
	}
	must(w.t, err)
	w.now = next
}

func (w *walk) bulk(r *rapid.T) {
	b, err := w.e.Bulk(context.Background())
	must(w.t, err)
	defer b.Discard()
	for range rapid.IntRange(0, 6).Draw(r, "writes") {
		k, v := key(r), rapid.StringN(0, 5, -1).Draw(r, "value")
		must(w.t, b.Set([]byte(k), []byte(v)))
		w.now = w.now.set(k, v)
	}
	must(w.t, b.Flush())
}

func (w *walk) deleteRange(r *rapid.T) {
	rg, _ := scanOf(r)
	n, err := kv.DeleteRange(context.Background(), w.e, rg)
	must(w.t, err)
	gone := w.now.scan(rg, kv.ScanOptions{})
	equal(r, n, len(gone))
	for _, item := range gone {
		w.now = w.now.delete(keyOf(item))
	}
}

func (w *walk) snapshot(*rapid.T) {
	if len(w.snaps) < 4 {
		s, err := w.e.Snapshot()
		must(w.t, err)
		w.snaps, w.then = append(w.snaps, s), append(w.then, w.now)
	}
}

func (w *walk) lookBack(r *rapid.T) {
	for i, s := range w.snaps {
		rg, o := scanOf(r)
		equal(r, list(w.t, s, rg, o), w.then[i].scan(rg, o))
	}
}

func (w *walk) check(r *rapid.T) {
	must(w.t, w.e.View(context.Background(), func(rd kv.Reader) error {
		rg, o := scanOf(r)
		equal(r, list(w.t, rd, rg, o), w.now.scan(rg, o))
		k := key(r)
		ok, err := rd.Has([]byte(k))
		equal(r, ok, len(w.now.scan(kv.Range{Start: []byte(k), End: append([]byte(k), 0)}, kv.ScanOptions{})) == 1)
		return err
	}))
}
