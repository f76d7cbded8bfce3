package catchup

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv/memkv"
)

// pipe is a stream that has brought its bytes already.
type pipe struct {
	network.Stream
	in    io.Reader
	out   bytes.Buffer
	reset bool
	conn  pipeConn
}

func (p *pipe) Read(b []byte) (int, error)                   { return p.in.Read(b) }
func (p *pipe) Write(b []byte) (int, error)                  { return p.out.Write(b) }
func (p *pipe) SetReadDeadline(time.Time) error              { return nil }
func (p *pipe) SetWriteDeadline(time.Time) error             { return nil }
func (p *pipe) CloseRead() error                             { return nil }
func (p *pipe) Close() error                                 { return nil }
func (p *pipe) Reset() error                                 { p.reset = true; return nil }
func (p *pipe) ResetWithError(network.StreamErrorCode) error { return p.Reset() }
func (p *pipe) Conn() network.Conn                           { return &p.conn }
func (p *pipe) Scope() network.StreamScope                   { return &network.NullScope{} }

type pipeConn struct {
	network.Conn
	limited bool
}

func (c *pipeConn) RemotePeer() peer.ID           { return "asker" }
func (c *pipeConn) RemoteMultiaddr() ma.Multiaddr { return ma.StringCast("/ip4/192.0.2.7/tcp/4001") }
func (c *pipeConn) Stat() network.ConnStats {
	return network.ConnStats{Stats: network.Stats{Limited: c.limited}}
}

// fuzzServer serves a small catalog with a large record in it.
func fuzzServer(t testing.TB) (*Server, *brand, protocol.CID) {
	s := must(store.Open(context.Background(), memkv.New()))
	b, was := newBrand("tea"), shelfOf(60)
	was["post/large"] = record(1, 65_200)
	base := b.sign(was)
	is := was.with(20)
	head := b.sign(is)
	must(s.PutIdentity(context.Background(), b.id, b.ops...))
	for _, step := range []func() error{
		func() error {
			return s.Apply(context.Background(), must(s.Prepare(context.Background(), b.id, was.changes())), must(base.Encode()))
		},
		func() error {
			return s.Apply(context.Background(), must(s.Prepare(context.Background(), b.id, is.since(was))), must(head.Encode()))
		},
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	server := must(Serve(Options{Host: newHost(t, Limits{}), Store: s, Serves: func(protocol.CID) bool { return true }, Brands: s.Brands,
		Seen: func(protocol.CID, peer.ID, identity.HeadRef) {}, Limits: Limits{Rate: 1e9, Burst: 1e9}}))
	t.Cleanup(func() { server.Close() })
	return server, b, base.CID
}

// requests are one good request of each kind.
func requests(b *brand, base protocol.CID) []wire.Request {
	head, large := b.last.CID, protocol.Sum(protocol.DagCBOR, record(1, 65_200))
	ask := []wire.Ask{{}, {Prefix: trie.Prefix{1}}, {Prefix: trie.Prefix{1, 2, 3, 4, 5}}}
	return []wire.Request{
		&wire.BrandsRequest{}, &wire.BrandsRequest{After: b.id},
		&wire.HeadRequest{Brand: b.id}, &wire.HeadRequest{Brand: b.id, Have: &identity.HeadRef{Seq: 3, Head: base}},
		&wire.IdentityRequest{Brand: b.id}, &wire.IdentityRequest{Brand: b.id, From: 1},
		&wire.ChangesRequest{Brand: b.id, Base: base, Head: head}, &wire.ChangesRequest{Brand: b.id, Base: base, Head: head, After: "post/p5"},
		&wire.ChangesRequest{Brand: b.id, Base: b.id, Head: head},
		&wire.DescendRequest{Brand: b.id, Head: head, Asks: ask}, &wire.LeavesRequest{Brand: b.id, Head: head, Asks: ask},
		&wire.SegmentRequest{Brand: b.id, Head: head}, &wire.SegmentRequest{Brand: b.id, Head: base},
		&wire.RecordsRequest{Brand: b.id, Head: head, Keys: []trie.Key{trie.KeyOf("post/large")}},
		&wire.ContentRequest{Brand: b.id, Content: large}, &wire.ContentRequest{Brand: b.id, Content: large, Offset: 65_000},
		&wire.ContentRequest{Brand: b.id, Content: large, Offset: 70_000}, &wire.ContentRequest{Brand: b.id, Content: protocol.Sum(protocol.Raw, nil)},
	}
}

// Whatever comes on a stream, what goes back follows the rules, within the limits
// of the connection.
func FuzzServer(f *testing.F) {
	server, b, base := fuzzServer(f)
	for _, r := range requests(b, base) {
		var stream bytes.Buffer
		if err := wire.WriteFrame(&stream, must(wire.EncodeRequest(r)), wire.MaxRequest); err != nil {
			f.Fatal(err)
		}
		f.Add(stream.Bytes(), true)
		f.Add(stream.Bytes(), false)
	}
	f.Add([]byte{}, false)
	f.Add([]byte{0xff, 0xff, 0x7f}, false)
	f.Fuzz(func(t *testing.T, stream []byte, limited bool) {
		p := &pipe{in: bytes.NewReader(stream), conn: pipeConn{limited: limited}}
		server.handle(p)
		if !p.reset {
			checkAnswer(t, &p.out, limited)
		}
	})
}

// checkAnswer reads an answer as a strict asker does.
func checkAnswer(t *testing.T, out io.Reader, limited bool) {
	limit := wire.MaxPage
	if limited {
		limit = wire.MaxRelayedPage
	}
	var kinds []string
	for {
		data, err := wire.ReadFrame(out, limit)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("behind %v: %v", kinds, err)
		}
		f, err := wire.DecodeResponse(data)
		if err != nil {
			t.Fatalf("behind %v: %v", kinds, err)
		}
		kinds = append(kinds, kindOf(f))
	}
	switch {
	case len(kinds) == 0 || kinds[0] != "ok" && kinds[0] != "refused":
		t.Fatalf("begins with %v", kinds)
	case kinds[0] == "refused" && len(kinds) > 1, kinds[0] == "ok" && kinds[len(kinds)-1] != "end" && kinds[len(kinds)-1] != "more":
		t.Fatalf("ends wrongly: %v", kinds)
	case kinds[len(kinds)-1] == "more" && len(kinds) == 2:
		t.Fatal("goes on behind nothing")
	}
}

func kindOf(f wire.Response) string {
	switch f := f.(type) {
	case *wire.Status:
		if f.Status == wire.OK {
			return "ok"
		}
		return "refused"
	case *wire.End:
		if f.Complete {
			return "end"
		}
		return "more"
	}
	return "page"
}

func TestEveryKindOfRequestIsAnswered(t *testing.T) {
	server, b, base := fuzzServer(t)
	for _, limited := range []bool{false, true} {
		for i, r := range requests(b, base) {
			var stream bytes.Buffer
			if err := wire.WriteFrame(&stream, must(wire.EncodeRequest(r)), wire.MaxRequest); err != nil {
				t.Fatal(err)
			}
			p := &pipe{in: &stream, conn: pipeConn{limited: limited}}
			server.handle(p)
			if p.reset {
				t.Errorf("%d, %T: reset", i, r)
				continue
			}
			checkAnswer(t, &p.out, limited)
		}
	}
}
