package wire

import (
	"errors"
	"slices"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/trie"
)

// mirrorVector is a story of specs/15-mirror.md §8.
type mirrorVector struct {
	Name, Kind string
	Brand      protocol.CID
	Steps      []mirrorStep
}

type mirrorStep struct {
	Do, Peer, Outcome string
	Now               int64
	Message, Request  hexBytes
	Answer            []hexBytes
	Verdict           Verdict
	Reason            Reason
	Reasons           []Reason
	Then              mirrorThen
}

type mirrorThen struct {
	State                 string
	Highest, Target, Held protocol.CID
	Root                  trie.Hash
	Count                 uint64
}

func TestMirrorVectors(t *testing.T) {
	name := func(v mirrorVector) string { return v.Name }
	eachVector(t, "mirror.json", 15, name, func(t *testing.T, v mirrorVector) {
		m := &follower{t: t, brand: v.Brand, shelf: shelf{}}
		for i, s := range v.Steps {
			m.now = protocol.Millis(s.Now)
			m.step(i, s)
			if got := m.then(); got != s.Then {
				t.Fatalf("step %d, %s %s: holds %+v, want %+v", i, s.Do, s.Peer, got, s.Then)
			}
		}
	})
}

// follower mirrors one brand as specs/15-mirror.md says, as plainly as can be.
type follower struct {
	t         *testing.T
	brand     protocol.CID
	now       protocol.Millis
	log       *identity.Log
	highest   *catalog.SignedHead
	announced bool
	evidence  bool // against highest
	contests  []catalog.Contest
	held      *catalog.SignedHead
	shelf     shelf
	fetch     *fetching
}

// fetching is a catalog on its way.
type fetching struct {
	head    catalog.SignedHead
	descent *Descent
	records *Records
	changes []trie.Change
	got     map[protocol.CID][]byte
}

func (m *follower) step(i int, s mirrorStep) {
	switch s.Do {
	case "hear":
		j := Judge(s.Message, func(protocol.CID) Standing { return m.standing() }, m.now)
		if j.Verdict != s.Verdict || j.Reason != s.Reason {
			m.t.Fatalf("step %d: %s, %s: %v; want %s, %s", i, j.Verdict, j.Reason, j.Err, s.Verdict, s.Reason)
		}
		if j.Verdict == Accept {
			must(0, m.grow(signedBytes(j.Announcement.Identity)))
			m.take(j.Announcement.Head, j.Reason, true)
		}
	case "ask":
		outcome, reasons := m.ask(must(DecodeRequest(s.Request)), s.Answer)
		if outcome != s.Outcome || !slices.Equal(reasons, s.Reasons) {
			m.t.Fatalf("step %d, %s: %s %v, want %s %v", i, s.Peer, outcome, reasons, s.Outcome, s.Reasons)
		}
	}
	m.aim()
}

func signedBytes(ops []protocol.Signed) (list [][]byte) {
	for _, op := range ops {
		list = append(list, must(op.Encode()))
	}
	return list
}

func (m *follower) standing() Standing {
	return Standing{Log: m.log, Highest: m.highest, Announced: m.announced, Contested: m.evidence}
}

func (m *follower) grow(ops [][]byte) (err error) {
	if m.log == nil {
		m.log, err = identity.Load(m.brand, ops)
		return err
	}
	_, err = m.log.Append(ops...)
	return err
}

// take acts on an accepted head.
func (m *follower) take(h catalog.SignedHead, reason Reason, announced bool) {
	switch reason {
	case Newer:
		m.highest, m.announced, m.evidence = &h, announced, false
		m.contests = slices.DeleteFunc(m.contests, func(c catalog.Contest) bool { return c.EndedBy(h) })
	case Unpassed:
		m.announced = true
	case Contested:
		m.evidence = true
		m.contests = append(m.contests, catalog.Contest{First: *m.highest, Second: h})
	}
}

// target is the head whose catalog is to be held, nil if it is.
func (m *follower) target() *catalog.SignedHead {
	want := m.highest
	for i, c := range m.contests {
		if i == 0 || c.First.Compare(want.Head) < 0 {
			want = &c.First
		}
	}
	if want == nil || m.held != nil && want.Compare(m.held.Head) <= 0 {
		return nil
	}
	return want
}

// aim begins to fetch what is to be held, and holds it when all of it is here.
func (m *follower) aim() {
	target := m.target()
	if target == nil {
		m.fetch = nil
		return
	}
	if m.fetch == nil || m.fetch.head.CID != target.CID {
		m.fetch = &fetching{head: *target, descent: must(NewDescent(*target, m.shelf)), records: NewRecords(*target), got: map[protocol.CID][]byte{}}
	}
	f := m.fetch
	f.settle(f.descent.Take())
	if !f.descent.Done() || !f.records.Done() {
		return
	}
	next := m.shelf.apply(f.changes, f.got)
	if next.root() != target.Root || uint64(len(next)) != target.Count || next.bytes() != target.Bytes {
		m.t.Fatalf("proven changes lead to %s", next.root())
	}
	m.shelf, m.held, m.fetch = next, target, nil
}

func (s shelf) bytes() (n uint64) {
	for _, data := range s {
		n += uint64(len(data))
	}
	return n
}

// settle notes proven changes and wants the records that didn't come with them.
func (f *fetching) settle(changes []trie.Change) {
	for _, c := range changes {
		f.changes = append(f.changes, c)
		if !c.Delete && f.got[c.Leaf.Record] == nil {
			f.records.Want(c.Leaf)
		}
	}
}

func (f *fetching) keep(entries []Entry) {
	for _, e := range entries {
		if e.Data != nil {
			f.got[e.Record] = e.Data
		}
	}
}

func (m *follower) then() mirrorThen {
	then := mirrorThen{State: m.state()}
	if m.highest != nil {
		then.Highest = m.highest.CID
	}
	if target := m.target(); target != nil {
		then.Target = target.CID
	}
	if m.held != nil {
		then.Held, then.Root, then.Count = m.held.CID, m.shelf.root(), uint64(len(m.shelf))
	}
	return then
}

// state says what shoppers are told of what is held.
func (m *follower) state() string {
	if m.held == nil {
		return "none"
	}
	state := m.log.State()
	switch {
	case len(m.contests) > 0 || state.Contested || errors.Is(catalog.VerifyHead(*m.held, state), catalog.ErrDisputed):
		return "contested"
	case m.held.Expired(m.now):
		return "expired"
	case m.held.Epoch < state.Epoch:
		return "stale"
	}
	return "current"
}

// found judges a head that a peer gave when it was asked.
func (m *follower) found(data []byte) (Reason, Verdict) {
	h := must(catalog.DecodeHead(data))
	if h.Brand != m.brand {
		return BrandMismatch, Reject
	}
	j := Announcement{Head: h}.Judge(m.standing(), min(m.now, h.Expires-1)) // expiry is no reason
	if j.Reason == Unpassed {
		return Known, Ignore
	}
	if j.Verdict == Accept {
		m.take(h, j.Reason, false)
	}
	return j.Reason, j.Verdict
}

// ask judges an answer. The requests are the story's, not those that Descent and
// Records would make: what they are about is looked up in both.
func (m *follower) ask(r Request, answer []hexBytes) (string, []Reason) {
	pages, outcome := m.pages(r, answer)
	if outcome != "good" {
		return outcome, nil
	}
	if h, ok := r.(*HeadRequest); ok && h.Brand == m.brand {
		return m.askedHead(pages[0].(*HeadPage))
	}
	var err error
	switch r := r.(type) {
	case *IdentityRequest:
		var ops [][]byte
		for _, p := range pages {
			ops = append(ops, p.(*IdentityPage).Ops...)
		}
		err = m.grow(ops)
	case *ChangesRequest:
		err = m.changes(r, pages)
	case *RecordsRequest:
		err = m.records(r, pages)
	case *ContentRequest:
		err = m.content(r, pages)
	default:
		err = m.subtrees(r, pages)
	}
	return outcomeOf(err), nil
}

func outcomeOf(err error) string {
	switch {
	case errors.Is(err, protocol.ErrInvalid):
		return "lie"
	case errors.Is(err, ErrAskWhole):
		return "whole"
	case err != nil:
		return "none"
	}
	return "good"
}

// pages reads an answer; outcome is not "good" when there is nothing more to judge.
func (m *follower) pages(r Request, answer []hexBytes) (pages []Response, outcome string) {
	ended := false
	for i, data := range answer {
		f, err := DecodeResponse(data)
		if err != nil {
			return nil, outcomeOf(err)
		}
		s, isStatus := f.(*Status)
		end, isEnd := f.(*End)
		switch {
		case isStatus != (i == 0) || ended || i > 0 && !isEnd && f.kind() != r.kind():
			return nil, "lie"
		case isStatus && s.Status != OK:
			if len(answer) > 1 {
				return nil, "lie"
			}
			return nil, "none"
		case isEnd && !end.Complete && len(pages) == 0:
			return nil, "lie"
		case isEnd:
			ended = true
		case !isStatus:
			pages = append(pages, f)
		}
	}
	if !ended {
		return nil, "none"
	}
	return pages, "good"
}

func (m *follower) askedHead(p *HeadPage) (string, []Reason) {
	outcome := "good"
	var reasons []Reason
	for _, data := range [][]byte{p.Head, p.Rival} {
		if data == nil {
			continue
		}
		reason, verdict := m.found(data)
		if reasons = append(reasons, reason); verdict == Reject {
			outcome = "lie"
		}
	}
	return outcome, reasons
}

func (m *follower) changes(r *ChangesRequest, pages []Response) error {
	f := m.fetch
	if r.Base != m.held.CID || r.Head != f.head.CID {
		m.t.Fatal("changes between other heads")
	}
	delta := NewDelta(m.held.Head, f.head.Head)
	for _, p := range pages {
		if err := delta.Page(p.(*ChangesPage)); err != nil {
			return err
		}
	}
	changes, err := delta.Finish(func(c []trie.Change) (trie.Hash, uint64, error) {
		x := index(m.shelf.leaves(nil))
		return x.apply(c)
	})
	if err != nil {
		return err
	}
	for _, p := range pages {
		f.keep(p.(*ChangesPage).Changes)
	}
	f.descent = &Descent{}
	f.settle(changes)
	return nil
}

// subtrees judges answers about subtrees that are proven.
func (m *follower) subtrees(r Request, pages []Response) error {
	d := m.fetch.descent
	switch r := r.(type) {
	case *DescendRequest:
		return d.Children(m.work(r.Asks), pages[0].(*DescendPage))
	case *LeavesRequest:
		return d.Leaves(m.work(r.Asks), pages[0].(*LeavesPage))
	}
	w := m.work([]Ask{{Prefix: r.(*SegmentRequest).Prefix}})
	s := d.Segment(w)
	for _, p := range pages {
		if err := s.Page(p.(*SegmentPage)); err != nil {
			d.Return(w)
			return err
		}
		m.fetch.keep(p.(*SegmentPage).Entries)
	}
	return d.EndSegment(w, s)
}

// work takes the subtrees that are asked about from the queue of the descent.
func (m *follower) work(asks []Ask) (w Work) {
	d := m.fetch.descent
	for _, a := range asks {
		i := slices.IndexFunc(d.open, func(t task) bool { return slices.Equal(t.prefix, a.Prefix) })
		if i < 0 {
			m.t.Fatalf("nobody knows the hash under %v", a.Prefix)
		}
		t := d.open[i]
		t.whole = len(a.Have) == 0
		d.open, w.tasks = slices.Delete(d.open, i, i+1), append(w.tasks, t)
	}
	d.out++
	return w
}

func (m *follower) records(r *RecordsRequest, pages []Response) error {
	records := m.fetch.records
	f := &Fetch{Request: r}
	records.open = slices.DeleteFunc(records.open, func(l trie.Leaf) bool {
		asked := slices.Contains(r.Keys, l.Key)
		if asked {
			f.due = append(f.due, l)
		}
		return asked
	})
	slices.SortFunc(f.due, leafOrder)
	records.out++
	for _, p := range pages {
		entries, err := f.Page(p.(*RecordsPage))
		m.fetch.keep(entries)
		if err != nil {
			records.Return(f)
			return err
		}
	}
	return records.End(f, &End{Complete: true}, MaxPage)
}

func (m *follower) content(r *ContentRequest, pages []Response) error {
	records := m.fetch.records
	c := NewContent(r.Content, protocol.MaxRecord)
	var data []byte
	for _, p := range pages {
		page := p.(*ContentPage)
		if err := c.Page(page); err != nil {
			return err
		}
		data = append(data, page.Data...)
	}
	if err := c.Finish(); err != nil {
		return err
	}
	i := slices.IndexFunc(records.open, func(l trie.Leaf) bool { return l.Record == r.Content })
	f := &Fetch{Request: r, due: []trie.Leaf{records.open[i]}}
	records.open, records.out = slices.Delete(records.open, i, i+1), records.out+1
	e, err := records.Content(f, data)
	if err == nil {
		m.fetch.keep([]Entry{e})
	}
	return err
}
