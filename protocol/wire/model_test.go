package wire

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
)

// shelf is a plain catalog: every path with its record. It is the model of mirror
// and server alike and computes everything anew from its leaves.
type shelf map[protocol.Path][]byte

func record(n int) []byte {
	return must(protocol.Marshal(map[string]any{"type": "post", "v": 1, "n": n, "text": string(bytes.Repeat([]byte("x"), n%200))}))
}

func (s shelf) leaves(prefix trie.Prefix) []trie.Leaf {
	var all []trie.Leaf
	for path, data := range s {
		if l := trie.NewLeaf(path, protocol.Sum(protocol.DagCBOR, data)); under(prefix, l.Key) {
			all = append(all, l)
		}
	}
	slices.SortFunc(all, leafOrder)
	return all
}

func nibble(k trie.Key, i int) byte { return k[i/2] >> (4 - 4*(i%2)) & 15 }

func under(prefix trie.Prefix, k trie.Key) bool {
	for i, n := range prefix {
		if nibble(k, i) != n {
			return false
		}
	}
	return true
}

func (s shelf) children(prefix trie.Prefix) []trie.Digest {
	var all []trie.Digest
	groups := map[byte][]trie.Leaf{}
	for _, l := range s.leaves(prefix) {
		n := nibble(l.Key, len(prefix))
		groups[n] = append(groups[n], l)
	}
	for _, n := range slices.Sorted(maps.Keys(groups)) {
		all = append(all, trie.Digest{Index: n, Hash: must(trie.Root(groups[n])), Count: uint64(len(groups[n]))})
	}
	return all
}

func (s shelf) root() trie.Hash { return must(trie.Root(s.leaves(nil))) }

// Children and Leaves make a shelf the catalog of a mirror.
func (s shelf) Children(prefix trie.Prefix) ([]trie.Digest, error) { return s.children(prefix), nil }
func (s shelf) Leaves(prefix trie.Prefix) ([]trie.Leaf, error)     { return s.leaves(prefix), nil }

// apply returns the shelf after changes whose records are at hand.
func (s shelf) apply(changes []trie.Change, records map[protocol.CID][]byte) shelf {
	next := maps.Clone(s)
	for _, c := range changes {
		if c.Delete {
			delete(next, c.Leaf.Path)
		} else {
			next[c.Leaf.Path] = records[c.Leaf.Record]
		}
	}
	return next
}

func (s shelf) sign(b *brand, n uint64) catalog.SignedHead {
	return b.head(func(h *catalog.Head) {
		h.Seq, h.Root, h.Count = h.Seq+n, s.root(), uint64(len(s))
		for _, data := range s {
			h.Bytes += uint64(len(data))
		}
	})
}

// peer serves the catalogs it has; lie changes its answers.
type peer struct {
	name     string
	catalogs map[protocol.CID]shelf
	deltas   bool
	page     int // largest page in bytes
	lie      func([]Response) []Response
	asked    int // requests
	in, out  int // bytes
}

// ask carries a request to the peer and its whole answer back, as bytes.
func (p *peer) ask(r Request) []Response {
	p.asked++
	var line bytes.Buffer
	must(0, WriteFrame(&line, must(EncodeRequest(r)), MaxRequest))
	p.in += line.Len()
	request := must(DecodeRequest(must(ReadFrame(&line, MaxRequest))))
	answer := p.serve(request)
	if p.lie != nil {
		answer = p.lie(answer)
	}
	for _, f := range answer {
		must(0, WriteFrame(&line, must(EncodeResponse(f, MaxPage)), MaxPage))
	}
	p.out += line.Len()
	var got []Response
	for {
		data, err := ReadFrame(&line, MaxPage)
		if err == io.EOF {
			return got
		}
		got = append(got, must(DecodeResponse(must(data, err))))
	}
}

func status(c Code) []Response { return []Response{&Status{Status: c}} }

func (p *peer) serve(r Request) []Response {
	switch r := r.(type) {
	case *ChangesRequest:
		base, head := p.catalogs[r.Base], p.catalogs[r.Head]
		if base == nil || head == nil || !p.deltas {
			return status(Gone)
		}
		return p.pages(changed(base, head), r.After, func(e []Entry) Response { return &ChangesPage{Changes: e} })
	case *SegmentRequest:
		return p.pages(p.catalogs[r.Head].entries(r.Prefix), r.After, func(e []Entry) Response { return &SegmentPage{Entries: e} })
	case *DescendRequest:
		page := &DescendPage{}
		for _, a := range r.Asks {
			page.Answers = append(page.Answers, AnswerChildren(p.catalogs[r.Head].children(a.Prefix), a.Have))
		}
		return p.one(page)
	case *LeavesRequest:
		page := &LeavesPage{}
		for _, a := range r.Asks {
			page.Answers = append(page.Answers, AnswerLeaves(p.catalogs[r.Head].leaves(a.Prefix), a.Have))
		}
		return p.one(page)
	case *RecordsRequest:
		return p.records(p.catalogs[r.Head], r.Keys)
	case *ContentRequest:
		return p.content(r)
	}
	return status(Unsupported)
}

// records leaves out what fits no page, and sends a page for every ten.
func (p *peer) records(s shelf, keys []trie.Key) []Response {
	answer := status(OK)
	for some := range slices.Chunk(keys, 10) {
		page := &RecordsPage{}
		for _, k := range some {
			for path, data := range s {
				if trie.KeyOf(path) == k && len(data)+100 < p.page {
					page.Records = append(page.Records, data)
				}
			}
		}
		if len(page.Records) > 0 {
			answer = append(answer, page)
		}
	}
	return append(answer, &End{Complete: true})
}

func (p *peer) content(r *ContentRequest) []Response {
	for _, s := range p.catalogs {
		for _, data := range s {
			if from := int(r.Offset); r.Content.Matches(data) && len(data) >= LargeRecord {
				part := data[from:min(len(data), from+p.page-200)]
				page := &ContentPage{Size: uint64(len(data)), Offset: r.Offset, Data: part}
				return []Response{&Status{Status: OK}, page, &End{Complete: from+len(part) == len(data)}}
			}
		}
	}
	return status(NotFound)
}

func (p *peer) one(page Response) []Response {
	if _, err := EncodeResponse(page, p.page); err != nil {
		return status(Oversize)
	}
	return []Response{&Status{Status: OK}, page, &End{Complete: true}}
}

func (s shelf) entries(prefix trie.Prefix) (all []Entry) {
	for _, l := range s.leaves(prefix) {
		all = append(all, NewEntry(l.Path, s[l.Path]))
	}
	return all
}

func changed(base, head shelf) (all []Entry) {
	for _, c := range difference(base.leaves(nil), head.leaves(nil)) {
		e := Entry{Path: c.Leaf.Path}
		if !c.Delete {
			e = NewEntry(e.Path, head[e.Path])
		}
		all = append(all, e)
	}
	return all
}

// pages cuts entries behind a path into pages and stops after three.
func (p *peer) pages(all []Entry, after protocol.Path, page func([]Entry) Response) []Response {
	if after != "" {
		from := trie.KeyOf(after)
		all = slices.DeleteFunc(all, func(e Entry) bool {
			k := trie.KeyOf(e.Path)
			return bytes.Compare(k[:], from[:]) <= 0
		})
	}
	answer := status(OK)
	for len(all) > 0 && len(answer) < 4 {
		n := 0
		for size := 0; n < len(all) && (n == 0 || size+len(all[n].Data)+300 < p.page); n++ {
			size += len(all[n].Data) + 300
		}
		answer, all = append(answer, page(all[:n:n])), all[n:]
	}
	return append(answer, &End{Complete: len(all) == 0})
}

// mirror catches up with a head from peers and names those that lied.
type mirror struct {
	shelf
	at      catalog.SignedHead
	peers   []*peer
	liars   []string
	records map[protocol.CID][]byte
	again   *peer // to be asked again, for the whole
}

func (m *mirror) blame(p *peer) {
	m.liars = append(m.liars, p.name)
	m.peers = slices.DeleteFunc(m.peers, func(q *peer) bool { return p == q })
}

// ended splits an answer into its pages; whole is false if it was cut off.
func ended(answer []Response) (code Code, pages []Response, complete, whole bool) {
	if len(answer) == 0 {
		return "", nil, false, false
	}
	first, ok := answer[0].(*Status)
	if !ok {
		return "", nil, false, false
	}
	if first.Status != OK {
		return first.Status, nil, false, true
	}
	end, ok := answer[len(answer)-1].(*End)
	if !ok {
		return OK, answer[1:], false, false
	}
	return OK, answer[1 : len(answer)-1], end.Complete, true
}

// catchUp takes the delta from one peer or else descends with all of them.
func (m *mirror) catchUp(head catalog.SignedHead) error {
	if m.at.CID.Defined() && m.at.CID != head.CID && m.delta(m.peers[0], head) {
		return nil
	}
	return m.descend(head)
}

func (m *mirror) delta(p *peer, head catalog.SignedHead) bool {
	d := NewDelta(m.at.Head, head.Head)
	for complete := false; !complete; {
		code, pages, all, whole := ended(p.ask(&ChangesRequest{Brand: head.Brand, Base: m.at.CID, Head: head.CID, After: d.After()}))
		if code != OK || !whole {
			return false
		}
		before := d.After()
		for _, page := range pages {
			c, ok := page.(*ChangesPage)
			if !ok || d.Page(c) != nil {
				m.blame(p)
				return false
			}
			m.keep(c.Changes)
		}
		if complete = all; !all && before == d.After() {
			m.blame(p)
			return false
		}
	}
	changes, err := d.Finish(func(c []trie.Change) (trie.Hash, uint64, error) {
		next := m.apply(c, m.records)
		return next.root(), uint64(len(next)), nil
	})
	if err != nil {
		m.blame(p)
		return false
	}
	m.shelf, m.at = m.apply(changes, m.records), head
	return true
}

func (m *mirror) keep(entries []Entry) {
	for _, e := range entries {
		m.records[e.Record] = e.Data
	}
}

func (m *mirror) descend(head catalog.SignedHead) error {
	d, err := NewDescent(head, m.shelf)
	if err != nil {
		return err
	}
	for n := 0; !d.Done(); n++ {
		w, ok, err := d.Next()
		if err != nil || !ok || n > 20_000 || len(m.peers) == 0 {
			return fmt.Errorf("stuck with %d peers after %d: %w", len(m.peers), n, err)
		}
		p := m.peers[n/3%len(m.peers)]
		if m.again != nil {
			p, m.again = m.again, nil
		}
		m.work(d, w, p)
	}
	changes := d.Changes()
	if err := m.fetch(head, changes); err != nil {
		return err
	}
	m.shelf, m.at = m.apply(changes, m.records), head
	return nil
}
