package wire

import (
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
)

// Records fetches the records of proven leaves: it says what to ask and checks
// each record by itself, so that answers may come from many peers at once. Records
// are asked for by key, 64 at a time; one that fits no page of a relayed connection
// by ContentRequest. It is not safe for concurrent use.
//
// A link in an entry of a Delta or a Segment is proven at the end of that. Before,
// only the peer that sent it may be asked for it: another one would seem to lie.
type Records struct {
	brand, head protocol.CID
	open        []trie.Leaf // to be asked for by key
	alone       []trie.Leaf // to be asked for by content
	out         int
}

// Fetch is something to ask one peer. Hand it back to End, Content or Return.
type Fetch struct {
	Request Request     // a *RecordsRequest or a *ContentRequest
	due     []trie.Leaf // may still come
	left    []trie.Leaf // were left out
	got     bool
}

// NewRecords fetches records of the catalog of a head.
func NewRecords(head catalog.SignedHead) *Records {
	return &Records{brand: head.Brand, head: head.CID}
}

// Want adds leaves whose records are to be fetched.
func (r *Records) Want(leaves ...trie.Leaf) { r.open = append(r.open, leaves...) }

// Next returns what to ask next, and false when there is nothing to ask now.
func (r *Records) Next() (*Fetch, bool) {
	switch {
	case len(r.open) > 0:
		return r.byKey(), true
	case len(r.alone) > 0:
		return r.byContent(), true
	}
	return nil, false
}

func (r *Records) byKey() *Fetch {
	n := min(len(r.open), MaxRecords)
	due := slices.Clone(r.open[:n])
	r.open, r.out = r.open[n:], r.out+1
	slices.SortFunc(due, leafOrder)
	due = slices.CompactFunc(due, func(a, b trie.Leaf) bool { return a.Key == b.Key })
	request := &RecordsRequest{Brand: r.brand, Head: r.head}
	for _, l := range due {
		request.Keys = append(request.Keys, l.Key)
	}
	return &Fetch{Request: request, due: due}
}

func (r *Records) byContent() *Fetch {
	l := r.alone[0]
	r.alone, r.out = r.alone[1:], r.out+1
	return &Fetch{Request: &ContentRequest{Brand: r.brand, Content: l.Record}, due: []trie.Leaf{l}}
}

// Page takes a decoded page of the answer to a RecordsRequest and returns its
// records, each of which is right whatever follows. An error means that the peer
// lied: it sent what was not asked for.
func (f *Fetch) Page(p *RecordsPage) ([]Entry, error) {
	var got []Entry
	for _, data := range p.Records {
		e, err := f.next(data)
		if err != nil {
			return got, err
		}
		got = append(got, e)
	}
	f.got = f.got || len(got) > 0
	return got, nil
}

func (f *Fetch) next(data []byte) (Entry, error) {
	id := protocol.Sum(protocol.DagCBOR, data)
	i := slices.IndexFunc(f.due, func(l trie.Leaf) bool { return l.Record == id })
	if i < 0 {
		return Entry{}, protocol.Invalid("records", "%s was not asked for, or not here", id)
	}
	e := Entry{Path: f.due[i].Path, Data: data, Record: id}
	f.left, f.due = append(f.left, f.due[:i]...), f.due[i+1:]
	return e, nil
}

// End takes the end of the answer to a RecordsRequest from a peer whose pages are
// of at most max bytes: MaxPage or MaxRelayedPage. What comes behind an early end
// is open again; what was left out of small pages is to be asked for by content.
// An error means that the peer lied: it hides records that fit its pages, or ended
// early without anything.
func (r *Records) End(f *Fetch, end *End, max int) error {
	if !end.Complete {
		r.open, f.due = append(r.open, f.due...), nil
	}
	hidden := slices.Concat(f.left, f.due)
	if max < MaxPage {
		r.Oversize(f)
	} else {
		r.Return(f)
	}
	if !end.Complete && !f.got || max >= MaxPage && len(hidden) > 0 {
		return protocol.Invalid("records", "%d are kept back, or an answer without any ends early", len(hidden))
	}
	return nil
}

// Content takes all bytes of the answer to a ContentRequest, in which a record
// comes by itself. An error means that the peer lied; the record is to be asked
// for again.
func (r *Records) Content(f *Fetch, data []byte) (Entry, error) {
	e := NewEntry(f.due[0].Path, data)
	err := catalog.CheckForm(e.Path, data)
	if e.Record != f.due[0].Record {
		err = protocol.Invalid("records", "%s instead of %s", e.Record, f.due[0].Record)
	}
	if err != nil {
		r.Return(f)
		return Entry{}, err
	}
	r.out--
	return e, nil
}

// Return hands back what was not answered, or not to the end: what has not come
// is open again, by key, for this peer or another.
func (r *Records) Return(f *Fetch) {
	r.out--
	r.open = slices.Concat(r.open, f.left, f.due)
}

// Oversize hands back what a peer answered with the status Oversize: its records
// are asked for one by one.
func (r *Records) Oversize(f *Fetch) {
	r.out--
	r.alone = slices.Concat(r.alone, f.left, f.due)
}

// Done reports whether every record has come: nothing is open or out.
func (r *Records) Done() bool { return len(r.open)+len(r.alone)+r.out == 0 }

// Missing returns how many records are to be asked for, without those that are
// asked for now.
func (r *Records) Missing() int { return len(r.open) + len(r.alone) }
