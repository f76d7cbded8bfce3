package catchup

import (
	"bytes"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// liar answers as an honest node does, and then twists the answer. raw gets the
// bytes as they go out, behind the status.
type liar struct {
	host.Host
	behind peer.ID
	twist  func([]wire.Response) []wire.Response
	raw    func([]byte) []byte
	stall  bool
	pause  time.Duration // between frames

	encoding *sync.Mutex
}

func newLiar(t *testing.T, honest host.Host, l liar) *liar {
	l.Host, l.behind, l.encoding = newHost(t, Limits{}), honest.ID(), new(sync.Mutex)
	if err := l.Connect(t.Context(), peer.AddrInfo{ID: honest.ID(), Addrs: honest.Addrs()}); err != nil {
		t.Fatal(err)
	}
	l.SetStreamHandler(wire.CatchUpProtocol, func(s network.Stream) {
		if l.answer(t, s) != nil {
			s.Reset()
			return
		}
		s.Close()
	})
	return &l
}

// encode is for one frame at a time: an answer that is given to several is the same
// value, and encoding writes its version and kind into it.
func (l *liar) encode(f wire.Response) ([]byte, error) {
	l.encoding.Lock()
	defer l.encoding.Unlock()
	return wire.EncodeResponse(f, wire.MaxPage)
}

func (l *liar) answer(t *testing.T, s network.Stream) error {
	request, err := wire.ReadFrame(s, wire.MaxRequest)
	if err != nil {
		return err
	}
	frames, err := l.honest(t, request)
	if err != nil {
		return err
	}
	if l.twist != nil {
		frames = l.twist(frames)
	}
	var out []byte
	for _, f := range frames {
		if data, err := l.encode(f); err == nil {
			var b bytes.Buffer
			wire.WriteFrame(&b, data, wire.MaxPage)
			out = append(out, b.Bytes()...)
		}
	}
	if l.raw != nil {
		out = l.raw(out)
	}
	if l.pause > 0 {
		return drip(s, out, l.pause)
	}
	s.Write(out)
	if l.stall {
		<-t.Context().Done()
	}
	return nil
}

// drip writes frame by frame with pauses.
func drip(s network.Stream, out []byte, pause time.Duration) error {
	for in := bytes.NewReader(out); in.Len() > 0; time.Sleep(pause) {
		data, err := wire.ReadFrame(in, wire.MaxPage)
		if err == nil {
			err = wire.WriteFrame(s, data, wire.MaxPage)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// honest asks the honest node the same.
func (l *liar) honest(t *testing.T, request []byte) (frames []wire.Response, err error) {
	s, err := l.NewStream(t.Context(), l.behind, wire.CatchUpProtocol)
	if err != nil {
		return nil, err
	}
	defer s.Reset()
	if err := wire.WriteFrame(s, request, wire.MaxRequest); err != nil {
		return nil, err
	}
	s.CloseWrite()
	for {
		data, err := wire.ReadFrame(s, wire.MaxPage)
		if err == io.EOF {
			return frames, nil
		}
		if err != nil {
			return nil, err
		}
		f, err := wire.DecodeResponse(data)
		if err != nil {
			return nil, err
		}
		frames = append(frames, f)
	}
}

// onEntries changes the entries of changes and segments.
func onEntries(change func([]wire.Entry) []wire.Entry) func([]wire.Response) []wire.Response {
	return func(frames []wire.Response) []wire.Response {
		for _, f := range frames {
			switch p := f.(type) {
			case *wire.ChangesPage:
				p.Changes = change(p.Changes)
			case *wire.SegmentPage:
				p.Entries = change(p.Entries)
			}
		}
		return frames
	}
}

func other(e []wire.Entry) []wire.Entry {
	e[0] = wire.NewEntry(e[0].Path, record(77, 5))
	return e
}

// length writes a frame's length that is above the limit.
func tooLong([]byte) []byte { return []byte{0xff, 0xff, 0x7f} }

// lieCase is a way to lie, and the ways of syncing in which that is provable.
type lieCase struct {
	liar
	blamed []string
}

var everyWay = []string{WayChanges, WayDescent, WayFull}

func says(frames ...wire.Response) liar {
	return liar{twist: func([]wire.Response) []wire.Response { return frames }}
}

func lies() map[string]lieCase {
	ok := &wire.Status{Status: wire.OK}
	return map[string]lieCase{
		"sends another record":    {liar{twist: onEntries(other)}, []string{WayChanges, WayFull}},
		"leaves a record out":     {liar{twist: onEntries(func(e []wire.Entry) []wire.Entry { return e[1:] })}, []string{WayChanges, WayFull}},
		"deletes what is there":   {liar{twist: onEntries(remove)}, []string{WayChanges, WayFull}},
		"sends pages twice":       {liar{twist: twice}, everyWay},
		"ends without a page":     {says(ok, &wire.End{}), everyWay},
		"has nothing to say":      {says(ok, &wire.End{Complete: true}), everyWay},
		"begins with the end":     {says(&wire.End{Complete: true}), everyWay},
		"sends pages of a kind":   {liar{twist: otherKind}, everyWay},
		"invents children":        {liar{twist: inventChildren}, []string{WayDescent, WayFull}},
		"invents leaves":          {liar{twist: inventLeaves}, []string{WayDescent}},
		"sends foreign records":   {liar{twist: foreignRecords}, []string{WayDescent}},
		"keeps records back":      {liar{twist: fewerRecords}, []string{WayDescent}},
		"sends an oversize frame": {liar{raw: tooLong}, everyWay},
		"sends garbage":           {liar{raw: func([]byte) []byte { return append([]byte{20}, make([]byte, 20)...) }}, everyWay},
		"cuts frames short":       {liar{raw: func(out []byte) []byte { return out[:len(out)-7] }}, nil},
		"says nothing":            {liar{raw: func([]byte) []byte { return nil }}, nil},
		"stalls after one byte":   {liar{raw: func(out []byte) []byte { return out[:1] }, stall: true}, nil},
		"is always busy":          {says(&wire.Status{Status: wire.Busy, Retry: 1}), nil},
		"finds all too large":     {says(&wire.Status{Status: wire.Oversize}), nil},
		"has moved on":            {says(&wire.Status{Status: wire.Gone}), nil},
		"is of another version":   {says(&wire.Status{Status: wire.Unsupported}), nil},
	}
}

func remove(e []wire.Entry) []wire.Entry {
	e[0] = wire.Entry{Path: e[0].Path}
	return e
}

func twice(frames []wire.Response) []wire.Response {
	if len(frames) < 3 {
		return frames
	}
	return slices.Insert(frames, 1, frames[1:len(frames)-1]...)
}

func otherKind(frames []wire.Response) []wire.Response {
	for i := range frames {
		switch frames[i].(type) {
		case *wire.Status, *wire.End:
		default:
			frames[i] = &wire.BrandsPage{Brands: []protocol.CID{protocol.Sum(protocol.DagCBOR, nil)}}
		}
	}
	return frames
}

func inventChildren(frames []wire.Response) []wire.Response {
	for _, f := range frames {
		if p, ok := f.(*wire.DescendPage); ok {
			for i := range p.Answers {
				for j := range p.Answers[i].Differ {
					p.Answers[i].Differ[j].Hash[3] ^= 1
				}
			}
		}
	}
	return frames
}

func inventLeaves(frames []wire.Response) []wire.Response {
	for _, f := range frames {
		if p, ok := f.(*wire.LeavesPage); ok {
			for i := range p.Answers {
				for j, l := range p.Answers[i].Differ {
					p.Answers[i].Differ[j] = trie.NewLeaf(l.Path, protocol.Sum(protocol.DagCBOR, []byte(l.Path)))
				}
			}
		}
	}
	return frames
}

func foreignRecords(frames []wire.Response) []wire.Response {
	for _, f := range frames {
		if p, ok := f.(*wire.RecordsPage); ok {
			p.Records[0] = record(99, 9)
		}
	}
	return frames
}

func fewerRecords(frames []wire.Response) []wire.Response {
	for _, f := range frames {
		if p, ok := f.(*wire.RecordsPage); ok {
			p.Records = p.Records[1:]
		}
	}
	return frames
}

// scene is a brand that two honest nodes serve.
type scene struct {
	way       string
	b         *brand
	was, is   shelf
	base      *catalog.SignedHead
	head      catalog.SignedHead
	good, too *node
}

func newScene(t *testing.T, way string) *scene {
	open := Limits{Rate: 1e6, Burst: 1e6, Streams: 1000, SourceStreams: 1000}
	s := &scene{way: way, b: newBrand("tea"), was: shelfOf(map[string]int{WayFull: 2100}[way] + 600), good: newNode(t).serve(open), too: newNode(t).serve(open)}
	s.is = s.was.with(60)
	base := s.b.sign(s.was)
	s.head = s.b.sign(s.is)
	if way != WayFull {
		s.base = &base
	}
	for _, n := range []*node{s.good, s.too} {
		if way != WayChanges {
			n.put(s.b, s.head, s.is.changes()) // knows nothing of the base
			continue
		}
		n.put(s.b, base, s.was.changes())
		n.put(s.b, s.head, s.is.since(s.was))
	}
	return s
}

// One of three peers lies in every way; the mirror gets the catalog, and nobody
// honest is blamed.
func TestALiarCostsOnlyItsGoodName(t *testing.T) {
	for _, way := range everyWay {
		s := newScene(t, way)
		for name, c := range lies() {
			t.Run(way+" from one that "+name, func(t *testing.T) {
				t.Parallel()
				s.run(t, c)
			})
		}
	}
}

// run syncs with a liar first in line.
func (s *scene) run(t *testing.T, c lieCase) {
	mirror, bad := newNode(t), newLiar(t, s.good, c.liar)
	if s.base != nil {
		mirror.put(s.b, *s.base, s.was.changes())
	}
	if c.stall {
		mirror.client.Patience = 2 * time.Second
	}
	mirror.meet(bad, s.good, s.too)
	report, err := mirror.sync(t.Context(), s.b, s.head, s.base, bad, s.good, s.too)
	if err != nil {
		t.Fatal(err)
	}
	mirror.has(s.b, s.head, s.is)
	blamed := mirror.blames()
	if slices.ContainsFunc(blamed, func(p peer.ID) bool { return p != bad.ID() }) {
		t.Errorf("an honest peer is blamed")
	}
	if said := report.Peers[bad.ID()]; len(blamed) > 0 != said.Lied || said.Lied != slices.Contains(c.blamed, s.way) {
		t.Errorf("blamed is %v after %s, reported %+v", blamed, report.Way, said)
	}
}
