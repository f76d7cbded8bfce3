package wire

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
)

// work has one peer do a piece of work.
func (m *mirror) work(d *Descent, w Work, p *peer) {
	if r, ok := w.Request.(*SegmentRequest); ok {
		m.segment(d, w, r, p)
		return
	}
	code, pages, _, whole := ended(p.ask(w.Request))
	if code == Oversize {
		d.Oversize(w)
		return
	}
	if code != OK || !whole || len(pages) != 1 {
		m.blame(p) // an honest peer answers: it has the head
		d.Return(w)
		return
	}
	var err error
	switch page := pages[0].(type) {
	case *DescendPage:
		err = d.Children(w, page)
	case *LeavesPage:
		err = d.Leaves(w, page)
	}
	if errors.Is(err, ErrAskWhole) {
		m.again = p
	}
	if errors.Is(err, protocol.ErrInvalid) {
		m.blame(p)
	}
}

func (m *mirror) segment(d *Descent, w Work, r *SegmentRequest, p *peer) {
	s := d.Segment(w)
	for complete := false; !complete; {
		request := *r
		request.After = s.After()
		code, pages, all, whole := ended(p.ask(&request))
		progress := len(pages) > 0
		for _, page := range pages {
			c, ok := page.(*SegmentPage)
			if !ok || s.Page(c) != nil {
				whole = false
				break
			}
			m.keep(c.Entries)
		}
		if complete = all; code != OK || !whole || !all && !progress {
			m.blame(p)
			d.Return(w)
			return
		}
	}
	if d.EndSegment(w, s) != nil {
		m.blame(p)
	}
}

// fetch gets the records of changes that the descent found leaf by leaf.
func (m *mirror) fetch(head catalog.SignedHead, changes []trie.Change) error {
	r := NewRecords(head)
	for _, c := range changes {
		if !c.Delete && m.records[c.Leaf.Record] == nil {
			r.Want(c.Leaf)
		}
	}
	for n := 0; !r.Done(); n++ {
		f, ok := r.Next()
		if !ok || len(m.peers) == 0 || n > 1000 {
			return fmt.Errorf("stuck after %d with %d peers", n, len(m.peers))
		}
		p := m.peers[n%len(m.peers)]
		if request, ok := f.Request.(*ContentRequest); ok {
			m.content(r, f, request, p)
			continue
		}
		m.page(r, f, p)
	}
	return nil
}

func (m *mirror) page(r *Records, f *Fetch, p *peer) {
	answer := p.ask(f.Request)
	code, pages, _, whole := ended(answer)
	for _, page := range pages {
		entries, err := f.Page(page.(*RecordsPage))
		m.keep(entries)
		if err != nil {
			m.blame(p)
			r.Return(f)
			return
		}
	}
	if code != OK || !whole {
		m.blame(p)
		r.Return(f)
		return
	}
	if r.End(f, answer[len(answer)-1].(*End), MaxPage) != nil {
		m.blame(p)
	}
}

func (m *mirror) content(r *Records, f *Fetch, request *ContentRequest, p *peer) {
	var data []byte
	c := NewContent(request.Content, protocol.MaxRecord)
	for complete := false; !complete; {
		request.Offset = c.Offset()
		code, pages, all, whole := ended(p.ask(request))
		if code != OK || !whole || len(pages) == 0 {
			r.Return(f)
			return
		}
		for _, page := range pages {
			part, ok := page.(*ContentPage)
			if !ok || c.Page(part) != nil {
				m.blame(p)
				r.Return(f)
				return
			}
			data = append(data, part.Data...)
		}
		complete = all
	}
	e, err := r.Content(f, data)
	if err != nil {
		m.blame(p)
		return
	}
	m.keep([]Entry{e})
}

// bigShelf has a group whose keys share half their bits and many single records.
func bigShelf(n int) shelf {
	s := shelf{}
	for i := range n {
		s[protocol.Path(fmt.Sprintf("post/p%d", i))] = record(i)
		if i < n/4 {
			s[protocol.Path(fmt.Sprintf("offer/tea/v%d", i))] = record(i + n)
		}
	}
	return s
}

func edited(t *rapid.T, s shelf) shelf {
	next := shelf{}
	for p, data := range s {
		next[p] = data
	}
	for range rapid.IntRange(0, 12).Draw(t, "edits") {
		path := protocol.Path(fmt.Sprintf(rapid.SampledFrom([]string{"post/p%d", "offer/tea/v%d", "page/x%d"}).Draw(t, "kind"), rapid.IntRange(0, 40).Draw(t, "path")))
		if rapid.Bool().Draw(t, "delete") {
			delete(next, path)
		} else {
			next[path] = record(rapid.IntRange(0, 1_000_000).Draw(t, "record"))
		}
	}
	return next
}

// lies are what a bad peer does to an answer.
var lies = map[string]func([]Response) []Response{
	"cuts the answer off": func(a []Response) []Response { return a[:len(a)-1] },
	"sends no page":       func(a []Response) []Response { return []Response{a[0], &End{Complete: true}} },
	"drops entries": eachPage(func(list []Entry) []Entry {
		return list[:max(1, len(list)-1)]
	}),
	"changes a record": eachPage(func(list []Entry) []Entry {
		list = slices.Clone(list)
		list[0] = NewEntry(list[0].Path, record(77_777_777))
		return list
	}),
	"makes up a record": eachPage(func(list []Entry) []Entry {
		list = append(slices.Clone(list), NewEntry("page/forged", record(1)))
		slices.SortFunc(list, func(a, b Entry) int {
			x, y := trie.KeyOf(a.Path), trie.KeyOf(b.Path)
			return slices.Compare(x[:], y[:])
		})
		return list
	}),
	"shifts children": eachAnswer(func(c *Children) {
		for i := range c.Differ {
			c.Differ[i].Index ^= 8
		}
		slices.SortFunc(c.Differ, func(a, b trie.Digest) int { return int(a.Index) - int(b.Index) })
	}),
	"shifts children unseen": eachAnswer(func(c *Children) {
		for i := range c.Differ {
			c.Differ[i].Index ^= 2
		}
		slices.SortFunc(c.Differ, func(a, b trie.Digest) int { return int(a.Index) - int(b.Index) })
	}),
	"hides children":               eachAnswer(func(c *Children) { c.Differ = nil }),
	"keeps back records asked for": eachRecords(func(list [][]byte) [][]byte { return list[:len(list)/2] }),
	"forges records asked for": eachRecords(func(list [][]byte) [][]byte {
		return append(slices.Clone(list[:len(list)-1]), record(88_888_888))
	}),
	"counts wrongly": eachAnswer(func(c *Children) {
		for i := range c.Differ {
			c.Differ[i].Count = 1 + (c.Differ[i].Count*7919)%10_000
		}
	}),
}

func eachPage(change func([]Entry) []Entry) func([]Response) []Response {
	return func(answer []Response) []Response {
		for _, f := range answer {
			switch p := f.(type) {
			case *ChangesPage:
				p.Changes = change(p.Changes)
			case *SegmentPage:
				p.Entries = change(p.Entries)
			case *LeavesPage:
				for i := range p.Answers {
					p.Answers[i].Differ = nil
				}
			}
		}
		return answer
	}
}

func eachRecords(change func([][]byte) [][]byte) func([]Response) []Response {
	return func(answer []Response) []Response {
		for _, f := range answer {
			if p, ok := f.(*RecordsPage); ok {
				p.Records = change(p.Records)
			}
		}
		return slices.DeleteFunc(answer, func(f Response) bool {
			p, ok := f.(*RecordsPage)
			return ok && len(p.Records) == 0
		})
	}
}

func eachAnswer(change func(*Children)) func([]Response) []Response {
	return func(answer []Response) []Response {
		for _, f := range answer {
			if p, ok := f.(*DescendPage); ok {
				for i := range p.Answers {
					change(&p.Answers[i])
				}
			}
		}
		return answer
	}
}

func TestAMirrorEndsWithTheSignedCatalogWhateverOnePeerDoes(t *testing.T) {
	b := newBrand("tea")
	bases := []shelf{{}, bigShelf(3), bigShelf(60), bigShelf(350)}
	rapid.Check(t, func(t *rapid.T) {
		base := edited(t, rapid.SampledFrom(bases).Draw(t, "base"))
		target := edited(t, base)
		head := target.sign(b, 2)
		all := map[protocol.CID]shelf{head.CID: target}
		page := rapid.SampledFrom([]int{4_000, MaxRelayedPage, MaxPage}).Draw(t, "page")
		good := &peer{name: "good", catalogs: all, page: page, deltas: rapid.Bool().Draw(t, "deltas")}
		lie := rapid.SampledFrom(sortedLies()).Draw(t, "lie")
		bad := &peer{name: "bad", catalogs: all, page: page, deltas: rapid.Bool().Draw(t, "bad deltas"), lie: lies[lie]}
		m := &mirror{shelf: shelf{}, peers: []*peer{bad, good}, records: map[protocol.CID][]byte{}}
		if rapid.IntRange(0, 3).Draw(t, "empty mirror") > 0 {
			m.shelf, m.at = base, base.sign(b, 1)
			all[m.at.CID] = base
		}
		if err := m.catchUp(head); err != nil {
			t.Fatal(err)
		}
		if m.root() != head.Root || len(m.shelf) != len(target) {
			t.Fatalf("%d records with root %s, want %d with %s", len(m.shelf), m.root(), len(target), head.Root)
		}
		if slices.Contains(m.liars, "good") {
			t.Fatalf("an honest peer is blamed for %q: %v", lie, m.liars)
		}
	})
}

func sortedLies() []string {
	var names []string
	for name := range lies {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func TestEveryLieIsFoundAndNamed(t *testing.T) {
	b := newBrand("tea")
	base := bigShelf(1700) // more than one segment takes
	target := bigShelf(1720)
	delete(target, "post/p7")
	target["post/p8"] = record(4)
	was, head := base.sign(b, 1), target.sign(b, 2)
	for _, lie := range sortedLies() {
		for _, start := range []shelf{{}, base} {
			all := map[protocol.CID]shelf{was.CID: base, head.CID: target}
			good := &peer{name: "good", catalogs: all, page: MaxPage}
			bad := &peer{name: "bad", catalogs: all, page: MaxPage, lie: lies[lie]}
			m := &mirror{shelf: start, peers: []*peer{bad, good}, records: map[protocol.CID][]byte{}}
			if err := m.catchUp(head); err != nil {
				t.Fatal(err)
			}
			named := slices.Equal(m.liars, []string{"bad"})
			harmless := lie == "counts wrongly" || len(start) == 0 && strings.HasSuffix(lie, "asked for")
			if named == harmless || m.root() != head.Root {
				t.Errorf("a peer that %s, to a mirror of %d: %v", lie, len(start), m.liars)
			}
		}
	}
}

func TestADeltaWithoutALieNeedsOneRoundTripAndLittleMoreThanItsRecords(t *testing.T) {
	b := newBrand("tea")
	base := bigShelf(400)
	target, bytes := shelf{}, 0
	for p, data := range base {
		target[p] = data
	}
	for i := range 100 {
		data := record(1_000_199 + i*200)
		target[protocol.Path(fmt.Sprintf("offer/tea/v%d", i))], bytes = data, bytes+len(data)
	}
	was, head := base.sign(b, 1), target.sign(b, 2)
	p := &peer{catalogs: map[protocol.CID]shelf{was.CID: base, head.CID: target}, page: MaxPage, deltas: true}
	m := &mirror{shelf: base, at: was, peers: []*peer{p}, records: map[protocol.CID][]byte{}}
	if err := m.catchUp(head); err != nil || p.asked != 1 || p.in+p.out > 2*bytes {
		t.Errorf("%v: %d requests, %d bytes for %d of records", err, p.asked, p.in+p.out, bytes)
	}
}

func TestADescentSendsOnlyWhatDiffers(t *testing.T) {
	b := newBrand("tea")
	base := bigShelf(1500)
	target := shelf{}
	for p, data := range base {
		target[p] = data
	}
	target["post/p17"], target["post/new"] = record(1), record(2)
	delete(target, "post/p99")
	head := target.sign(b, 2)
	p := &peer{name: "good", catalogs: map[protocol.CID]shelf{head.CID: target}, page: MaxPage}
	m := &mirror{shelf: base, peers: []*peer{p}, records: map[protocol.CID][]byte{}}
	if err := m.catchUp(head); err != nil || m.root() != head.Root || p.in+p.out > 5_000 || p.asked > 5 {
		t.Errorf("%v: %d requests, %d bytes", err, p.asked, p.in+p.out)
	}
}

func TestChildrenThatCouldLieElsewhereAreNotBelieved(t *testing.T) {
	for _, c := range []struct {
		indexes []byte
		want    bool
	}{
		{[]byte{3}, false}, {[]byte{0, 1}, false}, {[]byte{0, 8}, false}, {[]byte{0, 1, 2, 3, 4, 5, 6, 7}, false},
		{[]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}, false},
		{[]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, true},
	} {
		var children []trie.Digest
		for _, i := range c.indexes {
			children = append(children, trie.Digest{Index: i})
		}
		got := true
		for _, i := range c.indexes {
			got = got && anchored(children, i)
		}
		if got != c.want {
			t.Errorf("%v: %v", c.indexes, got)
		}
	}
}

func TestADeltaBeyondWhatTheHeadsAllowIsRefusedAtOnce(t *testing.T) {
	b := newBrand("tea")
	base, target := bigShelf(4), bigShelf(5)
	d := NewDelta(base.sign(b, 1).Head, target.sign(b, 2).Head)
	var err error
	for i := 0; err == nil && i < 100; i++ {
		more := changed(shelf{}, bigShelf(2*i+8))
		err = d.Page(&ChangesPage{Changes: more})
	}
	if !errors.Is(err, protocol.ErrInvalid) || len(d.changes) > len(target) {
		t.Errorf("%d changes: %v", len(d.changes), err)
	}
}

func TestAHeadOfNothingEmptiesTheMirror(t *testing.T) {
	head := newBrand("tea").head(func(h *catalog.Head) { h.Seq += 3 })
	d := must(NewDescent(head, bigShelf(30)))
	if !d.Done() || len(d.Changes()) != len(bigShelf(30)) {
		t.Errorf("%d changes", len(d.Changes()))
	}
}

func TestAShortHashThatCollidesCostsAnHonestPeerNothing(t *testing.T) {
	base, target := bigShelf(100), bigShelf(100)
	target["post/p17"] = record(5_000)
	head := target.sign(newBrand("tea"), 1)
	d := must(NewDescent(head, base))
	w, _, _ := d.Next()
	asks := w.Request.(*DescendRequest).Asks
	asks[0].Have = HaveChildren(target.children(nil)) // all collide
	children := func() *DescendPage {
		return &DescendPage{Answers: []Children{AnswerChildren(target.children(nil), asks[0].Have)}}
	}
	if err := d.Children(w, children()); !errors.Is(err, ErrAskWhole) || errors.Is(err, protocol.ErrInvalid) {
		t.Fatalf("with a collision: %v", err)
	}
	w, _, _ = d.Next()
	if asks = w.Request.(*DescendRequest).Asks; len(asks[0].Have) != 0 {
		t.Fatal("says again what it has")
	}
	if err := d.Children(w, children()); err != nil {
		t.Errorf("asked for the whole: %v", err)
	}
}

// A liar can show a child under a nibble where it isn't, with the right hash. Who
// went on there would blame the next peer, which honestly has nothing there.
func TestAShiftedChildBlamesNobodyElse(t *testing.T) {
	target := bigShelf(350)
	head := target.sign(newBrand("tea"), 1)
	tried := 0
	for i := range byte(16) {
		prefix := trie.Prefix{i}
		children := target.children(prefix)
		for j, c := range children {
			if childAt(children, c.Index^1).Count > 0 {
				continue
			}
			tried++
			shifted := slices.Clone(children)
			shifted[j].Index ^= 1
			d := &Descent{head: head, own: shelf{}, out: 1}
			hash := must(trie.Root(target.leaves(prefix)))
			w := Work{tasks: []task{{prefix: prefix, hash: hash, count: 10_000}}}
			if err := d.Children(w, &DescendPage{Answers: []Children{{Differ: shifted}}}); err != nil {
				t.Fatalf("the hash does tell: %v", err)
			}
			w, _, _ = d.Next()
			if r, ok := w.Request.(*SegmentRequest); !ok || !slices.Equal(r.Prefix, prefix) || len(d.open) > 0 {
				t.Fatalf("goes on with %T", w.Request)
			}
		}
	}
	if tried == 0 {
		t.Fatal("no child could be shifted")
	}
}
