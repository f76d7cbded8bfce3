package store

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/stoa-commerce/stoa/store/kv"
	"github.com/stoa-commerce/stoa/store/kv/memkv"
)

// Whatever is packed, in however many runs, and changed since, is read as a plain
// map would hold it.
func TestAPackedIndexReadsLikeAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		engine := memkv.New()
		defer engine.Close()
		x := index{at: realm{1, 2}, packed: true}
		model := map[string]string{}
		packed := rapid.SliceOfN(anyRow(), 0, rapid.SampledFrom([]int{10, 1000}).Draw(t, "rows")).Draw(t, "packed")
		pack(t, engine, x.at, rapid.SampledFrom([]int{1, 400, 1 << 20}).Draw(t, "run"), packed, model)
		change(t, engine, x, rapid.SliceOf(anyRow()).Draw(t, "changes"), model)
		agree(t, engine, x, model)
	})
}

type testRow struct{ suffix, value string }

func anyRow() *rapid.Generator[testRow] {
	return rapid.Custom(func(t *rapid.T) testRow {
		table := rapid.SampledFrom(packedTables).Draw(t, "table")
		return testRow{table + rapid.StringMatching(`[a-c]{0,3}\x00?[a-c]{0,12}`).Draw(t, "rest"), rapid.SampledFrom([]string{"", "tea", "\x01"}).Draw(t, "value")}
	})
}

func pack(t *rapid.T, engine kv.Engine, at realm, limit int, rows []testRow, model map[string]string) {
	bulk, err := engine.Bulk(t.Context())
	must(t, err)
	defer bulk.Discard()
	p := newPacker(bulk, at)
	p.limit = limit
	for _, row := range rows {
		must(t, p.add(tableOf([]byte(row.suffix)), []byte(row.suffix), []byte(row.value)))
		model[row.suffix] = row.value
	}
	must(t, p.finish(t.Context(), engine, bulk.Flush))
	must(t, bulk.Flush())
}

// change sets every second row and removes the others.
func change(t *rapid.T, engine kv.Engine, x index, rows []testRow, model map[string]string) {
	must(t, engine.Update(t.Context(), kv.Relaxed, func(tx kv.Txn) error {
		for i, row := range rows {
			if i%2 == 0 {
				must(t, tx.Set(keyIndex(x.at, row.suffix), []byte(row.value)))
				model[row.suffix] = row.value
				continue
			}
			must(t, x.remove(tx, row.suffix))
			delete(model, row.suffix)
		}
		return nil
	}))
}

func agree(t *rapid.T, engine kv.Engine, x index, model map[string]string) {
	must(t, engine.View(t.Context(), func(r kv.Reader) error {
		x.r = r
		for suffix, want := range model {
			if got, err := x.get(suffix); err != nil || string(got) != want {
				t.Fatalf("%q is %q, want %q: %v", suffix, got, want, err)
			}
		}
		for _, suffix := range []string{"variant/none", "word/a\x00", "in/b"} {
			if _, err := x.get(suffix); (err == nil) != has(model, suffix) || err != nil && !errors.Is(err, kv.ErrNotFound) {
				t.Fatalf("%q: %v", suffix, err)
			}
		}
		suffixes := slices.Sorted(maps.Keys(model))
		for _, prefix := range append(packedTables, "word/a", "in/bb") {
			from := prefix + rapid.StringMatching(`[a-c]{0,2}`).Draw(t, "from")
			want := slices.DeleteFunc(slices.Clone(suffixes), func(s string) bool {
				return !strings.HasPrefix(s, prefix) || cmp.Compare(s, from) < 0
			})
			var got []string
			for row, err := range x.scan(prefix, from) {
				must(t, err)
				got = append(got, string(row))
			}
			if !slices.Equal(got, want) {
				t.Fatalf("under %q from %q: %q, want %q", prefix, from, got, want)
			}
		}
		return nil
	}))
}

func has(model map[string]string, suffix string) bool {
	_, ok := model[suffix]
	return ok
}

func must(t *rapid.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
