package wire

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/trie"
)

func TestARecordThatFitsNoPageComesByContent(t *testing.T) {
	s := bigShelf(10)
	large := must(protocol.Marshal(map[string]any{"type": "page", "v": 1, "body": string(bytes.Repeat([]byte("x"), 60_000))}))
	s["page/terms"] = large
	head := s.sign(newBrand("tea"), 1)
	p := &peer{name: "relayed", catalogs: map[protocol.CID]shelf{head.CID: s}, page: 50_000}
	m := &mirror{shelf: shelf{}, peers: []*peer{p}, records: map[protocol.CID][]byte{}}
	r := NewRecords(head)
	r.Want(s.leaves(nil)...)
	for n := 0; !r.Done(); n++ {
		f, ok := r.Next()
		if !ok || n > 2 {
			t.Fatalf("%d records are missing", r.Missing())
		}
		if request, ok := f.Request.(*ContentRequest); ok {
			m.content(r, f, request, p)
			continue
		}
		answer := p.ask(f.Request)
		for _, page := range answer[1 : len(answer)-1] {
			m.keep(must(f.Page(page.(*RecordsPage))))
		}
		must(0, r.End(f, answer[len(answer)-1].(*End), MaxRelayedPage))
	}
	if len(m.records) != len(s) || len(m.liars) > 0 {
		t.Errorf("%d of %d records, blamed are %v", len(m.records), len(s), m.liars)
	}
}

func TestRecordsThatWereNotAskedForAreLies(t *testing.T) {
	s := bigShelf(4)
	head := s.sign(newBrand("tea"), 1)
	leaves := s.leaves(nil)
	page := func(list ...int) *RecordsPage {
		p := &RecordsPage{}
		for _, i := range list {
			p.Records = append(p.Records, s[leaves[i].Path])
		}
		return p
	}
	for _, c := range []struct {
		name string
		page *RecordsPage
		end  *End
		max  int
		good bool
		left int
	}{
		{"all", page(0, 1, 2), &End{Complete: true}, MaxPage, true, 0},
		{"the first ones", page(0, 1), &End{}, MaxPage, true, 1},
		{"one is kept back", page(0, 2), &End{Complete: true}, MaxPage, false, 1},
		{"the last is kept back", page(0, 1), &End{Complete: true}, MaxPage, false, 1},
		{"one fits no small page", page(0, 2), &End{Complete: true}, MaxRelayedPage, true, 1},
		{"nothing, and no end", page(), &End{}, MaxRelayedPage, false, 3},
		{"another order", page(1, 0, 2), &End{Complete: true}, MaxPage, false, 2},
		{"one twice", page(0, 0, 1), &End{Complete: true}, MaxPage, false, 2},
		{"one that nobody asked for", page(0, 1, 2, 3), &End{Complete: true}, MaxPage, false, 0},
	} {
		r := NewRecords(head)
		r.Want(leaves[:3]...)
		f, _ := r.Next()
		_, err := f.Page(c.page)
		if err != nil {
			r.Return(f)
		} else {
			err = r.End(f, c.end, c.max)
		}
		if (err == nil) != c.good || err != nil && !errors.Is(err, protocol.ErrInvalid) || r.Missing() != c.left {
			t.Errorf("%s: %d are missing: %v", c.name, r.Missing(), err)
		}
	}
}

func TestARecordIsItsContentAndHasTheFormOfOne(t *testing.T) {
	head := bigShelf(1).sign(newBrand("tea"), 1)
	good, crooked := record(1), []byte{0x18, 0x01}
	for _, c := range []struct {
		name       string
		want, data []byte
		good       bool
	}{
		{"a record", good, good, true}, {"another", good, record(2), false},
		{"no canonical one", crooked, crooked, false},
	} {
		r := NewRecords(head)
		r.Want(trie.NewLeaf("post/p0", protocol.Sum(protocol.DagCBOR, c.want)))
		f, _ := r.Next()
		r.Oversize(f)
		f, _ = r.Next()
		e, err := r.Content(f, c.data)
		if (err == nil) != c.good || r.Done() != c.good || c.good && e.Path != "post/p0" {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
