package importer

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/stoa-commerce/stoa/node/richtext"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// FuzzImport reads any bytes as a file: every product that comes of them is a
// valid one, and importing them again changes nothing.
func FuzzImport(f *testing.F) {
	for _, file := range []string{oldFile, newFile, string(manyProducts(2))} {
		f.Add([]byte(file))
	}
	f.Fuzz(func(t *testing.T, data []byte) { importTwice(t, data) })
}

func importTwice(t testing.TB, data []byte) {
	s := newShop()
	first, err := tryRun(t, s, data)
	if err != nil && !errors.Is(err, ErrFormat) {
		t.Fatal(err)
	}
	for _, r := range first {
		if r.Is == nil {
			continue
		}
		if err := r.Is.Product.Validate(); err != nil || len(r.Is.Variants) != len(r.Is.Product.Variants) {
			t.Fatalf("%v: %+v", err, r.Is)
		}
		s.keep(t, []Result{r})
	}
	again, _ := tryRun(t, s, data)
	if len(again) != len(first) {
		t.Fatalf("%d products, then %d", len(first), len(again))
	}
	for i, r := range again {
		if (r.Is == nil) != (first[i].Is == nil) || r.Changed() {
			t.Fatalf("row %d: was %+v is %+v %v", r.Row, r.Was, r.Is, r.Errors)
		}
	}
}

// TestADamagedFileMakesValidProductsOrErrors does what FuzzImport does with files
// that are nearly right.
func TestADamagedFileMakesValidProductsOrErrors(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		file := []byte([]string{oldFile, newFile, string(manyProducts(2))}[r.IntN(3)])
		for range 1 + r.IntN(20) {
			file = damage(r, file)
		}
		importTwice(t, file)
	}
}

func damage(r *rand.Rand, file []byte) []byte {
	i := r.IntN(len(file))
	switch r.IntN(4) {
	case 0:
		file[i] = byte(r.IntN(256))
	case 1:
		return slices.Delete(file, i, i+1)
	case 2:
		const odd = ",\n\"\r;.-' x9"
		file[i] = odd[r.IntN(len(odd))]
	case 3:
		part := slices.Clone(file[i:min(i+r.IntN(300), len(file))])
		return slices.Insert(file, r.IntN(len(file)), part...)
	}
	return file
}

func tryRun(t testing.TB, s *shop, data []byte) (out []Result, err error) {
	f, err := Open(strings.NewReader(string(data)), Options{Currency: "EUR", Now: noon})
	if err != nil {
		return nil, err
	}
	for r, err := range f.Products(t.Context(), s) {
		if err != nil {
			return out, err
		}
		out = append(out, r)
	}
	return out, nil
}

func TestDescriptionsAreWhatSanitisingReturns(t *testing.T) {
	words := rapid.SliceOf(rapid.SampledFrom([]string{"tea", " ", "<b>", "</b>", "&", "\"", "\n", "ä", "<script>", "'", "\u00a0", "\v", ">", "<p", "\u0085"}))
	rapid.Check(t, func(t *rapid.T) {
		raw := strings.TrimSpace(strings.Join(words.Draw(t, "words"), ""))
		f := &File{columns: columns{header: []string{"Body"}}}
		f.columns.place[colDescription] = 1
		m := &merging{File: f, issues: &issues{}}
		got := m.description(&row{cells: []string{raw}})
		want := richtext.Sanitize(strings.Map(oddControlToSpace, raw))
		if got != want || richtext.Sanitize(got) != got {
			t.Fatalf("%q: got %q, want %q", raw, got, want)
		}
	})
}

// TestEveryFieldIsCompared sets each field of a product in turn: all but those
// that the caller fills must make a difference.
func TestEveryFieldIsCompared(t *testing.T) {
	ignored := map[string]bool{".Product.Media": true, ".Product.Variants.Media": true, ".Product.Updated": true, ".Product.Header.Type": true, ".Product.Header.V": true,
		".Variants.Held": true} // what orders hold is no import's
	full := func() *store.OwnProduct {
		p := sencha()
		p.Product.Translations = map[protocol.Language]catalog.Translation{"de": {Title: "Tee"}}
		return p
	}
	n := 0
	var walk func(path string, at func(p *store.OwnProduct) reflect.Value)
	walk = func(path string, at func(p *store.OwnProduct) reflect.Value) {
		v := at(full())
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				if name := v.Type().Field(i).Name; name != "_" {
					walk(path+"."+name, func(p *store.OwnProduct) reflect.Value { return at(p).Field(i) })
				}
			}
			return
		case reflect.Slice:
			if v.Len() > 0 {
				walk(path, func(p *store.OwnProduct) reflect.Value { return at(p).Index(0) })
			}
		case reflect.Pointer:
			if !v.IsNil() {
				walk(path, func(p *store.OwnProduct) reflect.Value { return at(p).Elem() })
			}
		}
		p := full()
		alter(at(p))
		if n++; same(full(), p) != ignored[path] {
			t.Errorf("%s: same is %v", path, same(full(), p))
		}
		if q := clone(full()); !reflect.DeepEqual(q, full()) {
			t.Fatalf("a clone differs: %+v", q)
		}
		q := full()
		c := clone(q)
		alter(at(c))
		if !reflect.DeepEqual(q, full()) {
			t.Errorf("%s: a clone shares it", path)
		}
	}
	walk("", func(p *store.OwnProduct) reflect.Value { return reflect.ValueOf(p).Elem() })
	if n < 40 {
		t.Errorf("only %d fields", n)
	}
}

// alter gives a value another one.
func alter(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 1)
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Slice:
		v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		} else {
			v.SetZero()
		}
	case reflect.Map:
		v.SetMapIndex(reflect.ValueOf(protocol.Language("fr")), reflect.Zero(v.Type().Elem()))
	}
}
