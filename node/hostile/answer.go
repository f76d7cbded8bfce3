package hostile

import (
	"fmt"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// Offer is what a peer has of one brand: answers are made of it as the rules say,
// before they are twisted.
type Offer struct {
	Brand protocol.CID
	Ops   [][]byte
	// Head is said to be the highest; Rival, if any, the evidence against it.
	Head, Rival []byte
	// Shelves are catalogs by their heads.
	Shelves map[protocol.CID]*Shelf
	Blobs   map[protocol.CID][]byte
}

func says(code wire.Code) []wire.Response { return []wire.Response{&wire.Status{Status: code}} }

func with(pages ...wire.Response) []wire.Response {
	return slices.Concat([]wire.Response{&wire.Status{Status: wire.OK}}, pages, []wire.Response{&wire.End{Complete: true}})
}

// answer answers a request about the brand.
func (o *Offer) answer(r wire.Request) ([]wire.Response, error) {
	switch r := r.(type) {
	case *wire.HeadRequest:
		return with(&wire.HeadPage{Head: o.Head, Rival: o.Rival, Ops: uint64(len(o.Ops))}), nil
	case *wire.IdentityRequest:
		return with(&wire.IdentityPage{Ops: o.Ops}), nil
	case *wire.ContentRequest:
		return o.content(r), nil
	case *wire.ChangesRequest:
		return o.changes(r), nil
	}
	return o.catalog(r)
}

func (o *Offer) content(r *wire.ContentRequest) []wire.Response {
	data := o.Blobs[r.Content]
	if data == nil || r.Offset >= uint64(len(data)) {
		return says(wire.NotFound)
	}
	const part = 200 << 10
	var pages []wire.Response
	for at := r.Offset; at < uint64(len(data)); at += part {
		to := min(at+part, uint64(len(data)))
		pages = append(pages, &wire.ContentPage{Size: uint64(len(data)), Offset: at, Data: data[at:to]})
	}
	return with(pages...)
}

func (o *Offer) changes(r *wire.ChangesRequest) []wire.Response {
	was, is := o.Shelves[r.Base], o.Shelves[r.Head]
	if was == nil || is == nil || r.After != "" {
		return says(wire.Gone)
	}
	return with(paged(is.since(was), func(e []wire.Entry) wire.Response { return &wire.ChangesPage{Changes: e} })...)
}

// paged parts entries into pages.
func paged(list []wire.Entry, page func([]wire.Entry) wire.Response) (pages []wire.Response) {
	begin, size := 0, 0
	for i, e := range list {
		if size += len(e.Path) + len(e.Data) + 12; size > pageFull {
			pages, begin, size = append(pages, page(list[begin:i+1])), i+1, 0
		}
	}
	if begin < len(list) {
		pages = append(pages, page(list[begin:]))
	}
	return pages
}

func (o *Offer) catalog(request wire.Request) ([]wire.Response, error) {
	switch r := request.(type) {
	case *wire.DescendRequest:
		return o.over(r.Head, func(s *Shelf) ([]wire.Response, error) { return s.descend(r) })
	case *wire.LeavesRequest:
		return o.over(r.Head, func(s *Shelf) ([]wire.Response, error) { return s.leavesOf(r), nil })
	case *wire.SegmentRequest:
		return o.over(r.Head, func(s *Shelf) ([]wire.Response, error) { return s.segment(r), nil })
	case *wire.RecordsRequest:
		return o.over(r.Head, func(s *Shelf) ([]wire.Response, error) { return s.records(r), nil })
	}
	return nil, fmt.Errorf("a request of kind %T", request)
}

func (o *Offer) over(head protocol.CID, fn func(*Shelf) ([]wire.Response, error)) ([]wire.Response, error) {
	if s := o.Shelves[head]; s != nil {
		return fn(s)
	}
	return says(wire.Gone), nil
}

func (s *Shelf) descend(r *wire.DescendRequest) ([]wire.Response, error) {
	page := &wire.DescendPage{}
	for _, ask := range r.Asks {
		children, err := trie.Descend(s.tree, ask.Prefix)
		if err != nil {
			return nil, err
		}
		page.Answers = append(page.Answers, wire.AnswerChildren(children, ask.Have))
	}
	return with(page), nil
}

func (s *Shelf) leavesOf(r *wire.LeavesRequest) []wire.Response {
	page := &wire.LeavesPage{}
	for _, ask := range r.Asks {
		page.Answers = append(page.Answers, wire.AnswerLeaves(s.under(ask.Prefix, ""), ask.Have))
	}
	return with(page)
}

// pageFull is how many bytes of records the pages hold, about.
const pageFull = 180 << 10

func (s *Shelf) segment(r *wire.SegmentRequest) []wire.Response {
	var entries []wire.Entry
	for _, l := range s.under(r.Prefix, r.After) {
		entries = append(entries, wire.NewEntry(l.Path, s.Records[l.Path]))
	}
	return with(paged(entries, func(e []wire.Entry) wire.Response { return &wire.SegmentPage{Entries: e} })...)
}

func (s *Shelf) records(r *wire.RecordsRequest) []wire.Response {
	var pages []wire.Response
	var list [][]byte
	size := 0
	for _, key := range r.Keys {
		i, found := slices.BinarySearchFunc(s.leaves, key, func(l trie.Leaf, k trie.Key) int { return slices.Compare(l.Key[:], k[:]) })
		if !found {
			continue
		}
		data := s.Records[s.leaves[i].Path]
		if list = append(list, data); size+len(data) > pageFull {
			pages, list, size = append(pages, &wire.RecordsPage{Records: list}), nil, 0
		}
		size += len(data)
	}
	if len(list) > 0 {
		pages = append(pages, &wire.RecordsPage{Records: list})
	}
	return with(pages...)
}
