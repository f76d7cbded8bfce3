package node

import (
	"encoding/hex"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/specs/vectors"
	"github.com/stoa-commerce/stoa/store"
)

type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

// mirrorVector is a story of specs/15-mirror.md §8.
type mirrorVector struct {
	Name  string
	Brand protocol.CID
	Steps []struct {
		Do, Peer, Outcome string
		At                int64 `json:"now"`
		Message, Request  hexBytes
		Answer            []hexBytes
		Verdict           wire.Verdict
		Reason            wire.Reason
		Then              struct {
			State                 string
			Highest, Target, Held protocol.CID
			Root                  trie.Hash
			Count                 uint64
		}
	}
}

// TestMirrorVectorsDecideOnHeads goes through the stories with a node's own memory.
// What peers answer about catalogs is taken as far as it stands in changes and whole
// segments; descents are for node/catchup.
func TestMirrorVectorsDecideOnHeads(t *testing.T) {
	data, err := vectors.FS.ReadFile("mirror.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []mirrorVector }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) < 15 {
		t.Fatalf("%d stories", len(file.Cases))
	}
	for _, v := range file.Cases {
		t.Run(v.Name, func(t *testing.T) { newReader(t, v).read(v) })
	}
}

// storyReader is a node that follows the brand of a story.
type storyReader struct {
	*stand
	t *testing.T
	m *mirror
}

func newReader(t *testing.T, v mirrorVector) *storyReader {
	s := inMemory(t, t.TempDir(), nil)
	m, err := s.follow(t.Context(), store.Follow{Brand: v.Brand}, "")
	s.check(err)
	return &storyReader{s, t, m}
}

func (r *storyReader) read(v mirrorVector) {
	for i, s := range v.Steps {
		r.clock.set(protocol.Millis(s.At).Time())
		switch s.Do {
		case "hear":
			r.hear(i, s.Message, s.Verdict, s.Reason)
		case "ask":
			if !r.ask(s.Request, s.Answer, s.Outcome) {
				r.t.Skipf("step %d: what is asked for is for node/catchup", i)
			}
		}
		r.m.mu.Lock()
		r.m.heard.confirmed("", r.millis())
		r.m.mu.Unlock()
		r.takeFree()
		k := r.m.present()
		want := s.Then
		if cidOf(k.highest) != want.Highest || cidOf(k.live) != want.Held || cidOf(r.target()) != want.Target && want.Target != want.Held {
			r.t.Fatalf("step %d, %s %s: highest %s, target %s, held %s; want %+v", i, s.Do, s.Peer, cidOf(k.highest), cidOf(r.target()), cidOf(k.live), want)
		}
		if state := r.state(); state != want.State {
			r.t.Fatalf("step %d, %s %s: %s; want %s", i, s.Do, s.Peer, state, want.State)
		}
	}
}

func cidOf(h *catalog.SignedHead) (id protocol.CID) {
	if h != nil {
		id = h.CID
	}
	return id
}

func (r *storyReader) target() *catalog.SignedHead {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	return r.m.target()
}

func (r *storyReader) state() string {
	st := r.m.status(r.millis(), "")
	if !st.Head.Defined() {
		return "none"
	}
	return string(st.State)
}

func (r *storyReader) hear(i int, message []byte, verdict wire.Verdict, reason wire.Reason) {
	s, kept, err := ear{r.Node}.Standing(r.t.Context(), r.m.brand)
	r.check(err)
	j := wire.Judge(message, func(protocol.CID) wire.Standing { return s }, r.millis())
	if !kept || j.Verdict != verdict || j.Reason != reason {
		r.t.Fatalf("step %d: %s, %s: %v; want %s, %s", i, j.Verdict, j.Reason, j.Err, verdict, reason)
	}
	if j.Verdict == wire.Accept {
		r.check(ear{r.Node}.Hear(r.t.Context(), j, "somebody"))
	}
}

// ask takes an answer; it reports false when that is beyond this test.
func (r *storyReader) ask(request []byte, answer []hexBytes, outcome string) bool {
	q, err := wire.DecodeRequest(request)
	r.check(err)
	var pages []wire.Response
	for _, data := range answer {
		p, err := wire.DecodeResponse(data)
		if err != nil {
			return outcome != "good"
		}
		pages = append(pages, p)
	}
	switch q.(type) {
	case *wire.HeadRequest:
		r.heads(pages)
	case *wire.IdentityRequest:
		r.operations(pages, outcome)
	case *wire.ChangesRequest, *wire.SegmentRequest:
		if outcome == "good" {
			return r.catalog(q, pages)
		}
	default:
		return false
	}
	return true
}

func (r *storyReader) heads(pages []wire.Response) {
	for _, p := range pages {
		page, ok := p.(*wire.HeadPage)
		if !ok {
			continue
		}
		for _, raw := range [][]byte{page.Head, page.Rival} {
			if head, err := catalog.DecodeHead(raw); err == nil && head.Brand == r.m.brand {
				_, _ = r.learn(r.t.Context(), r.m, report{head: head}) // what came of it is compared afterwards
			}
		}
	}
}

func (r *storyReader) operations(pages []wire.Response, outcome string) {
	var raw [][]byte
	for _, p := range pages {
		if page, ok := p.(*wire.IdentityPage); ok {
			raw = append(raw, page.Ops...)
		}
	}
	ops, err := decodeOps(raw)
	if err == nil {
		err = r.learnIdentity(r.t.Context(), r.m, ops)
	}
	if (err == nil) != (outcome == "good") && len(raw) > 0 {
		r.t.Fatalf("operations: %v; want %s", err, outcome)
	}
}

// catalog takes changes, or all records of a catalog.
func (r *storyReader) catalog(q wire.Request, pages []wire.Response) bool {
	var list []store.Change
	all := false
	if s, ok := q.(*wire.SegmentRequest); ok {
		all = len(s.Prefix) == 0
		if !all {
			return false
		}
	}
	for _, p := range pages {
		var entries []wire.Entry
		switch p := p.(type) {
		case *wire.ChangesPage:
			entries = p.Changes
		case *wire.SegmentPage:
			entries = p.Entries
		}
		for _, e := range entries {
			if e.Data == nil && !e.Deleted() {
				return false // a record apart
			}
			list = append(list, store.Change{Path: e.Path, Record: e.Data})
		}
	}
	if all {
		list = append(r.removals(list), list...)
	}
	r.hold(list)
	return true
}

// removals lists what is held and not among the records.
func (r *storyReader) removals(records []store.Change) (out []store.Change) {
	err := r.store.View(r.t.Context(), r.m.brand, func(v *store.View) error {
		for c, err := range v.Segment(trie.Prefix{}, "") {
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(records, func(s store.Change) bool { return s.Path == c.Path }) {
				out = append(out, store.Change{Path: c.Path})
			}
		}
		return nil
	})
	r.check(orNotFound(err))
	return out
}

func (r *storyReader) hold(list []store.Change) {
	head := r.target()
	if head == nil {
		r.t.Fatal("a catalog came that nobody needs")
	}
	p, err := r.store.Prepare(r.t.Context(), r.m.brand, all(list))
	r.check(err)
	r.check(r.accept(r.t.Context(), *head, p))
}

// takeFree takes a catalog for which nobody need be asked.
func (r *storyReader) takeFree() {
	head, live := r.target(), r.m.present().live
	switch {
	case head == nil:
	case head.Root.Empty():
		r.hold(r.removals(nil))
	case live != nil && live.Root == head.Root:
		r.hold(nil)
	}
}

func (c *clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at
}
