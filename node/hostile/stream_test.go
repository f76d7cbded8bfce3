package hostile_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/stoa-commerce/stoa/node/hostile"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// exchange is the stream protocol of peer exchange (specs/14-discovery.md §4).
const exchange = "/stoa/" + testNetwork + "/peers/1"

// spoken are the stream protocols that a node answers.
func spoken() []string {
	return []string{wire.CatchUpProtocol, wire.PushProtocol, exchange, "/meshsub/1.1.0", "/ipfs/id/push/1.0.0", "/stoa/" + testNetwork + "/kad/1.0.0"}
}

func TestStreamsThatStallAfterOneByteAreBoundedAndEnd(t *testing.T) {
	s := newScene(t).followed()
	held := 0
	for range 3 {
		p := s.hostile()
		for _, id := range spoken() {
			n, err := p.Hold(t.Context(), s.mirror.addr(), id, 100, []byte{40})
			s.check(err)
			held += n
		}
	}
	if held < 100 {
		t.Errorf("only %d streams could be opened", held)
	}
	t.Logf("%d streams were opened", held)
	s.edits()
	s.edits()
	third := s.prepare("Third") // is served while the others stall
	third.net.Peers = []string{s.mirror.addr()}
	third.start()
	third.follows(s.brand.Brand().String())
	s.eventually("a third node is served", func() bool { return third.price(s.brand.Brand()) == int64(100*s.prices) })
	third.stop()
	s.unharmed()
}

func TestFramesBeyondTheLimitEndTheirStream(t *testing.T) {
	s := newScene(t).followed()
	p := s.hostile()
	for _, id := range []string{wire.CatchUpProtocol, wire.PushProtocol, exchange} {
		for _, data := range [][]byte{
			{0xff, 0xff, 0x7f},             // two million bytes
			{0xff, 0xff, 0xff, 0xff, 0xff}, // a length without end
			{0x80, 0x00},                   // not in its shortest form
			{0},
			append([]byte{30}, make([]byte, 30)...), // garbage
		} {
			answer, err := p.Say(t.Context(), s.mirror.addr(), id, data)
			if len(answer) > 100 {
				t.Errorf("%s: %x is answered by %d bytes, %v", id, data, len(answer), err)
			}
		}
	}
	s.edits()
	s.unharmed()
}

// pushes is a hostile peer that says frames on push streams; the mirror takes it for a
// node of the brand's.
func (s *scene) pushes(frames ...[]byte) *hostile.Peer {
	s.Helper()
	p := s.copycat()
	p.Do(hostile.Evil{Push: frames})
	s.mirror.follows(p.Addr())
	s.eventually("the peer is asked to push", func() bool { return p.Asked("push") > 0 })
	return p
}

func TestWhatIsPushedIsJudgedAsWhatIsGossiped(t *testing.T) {
	s := newScene(t)
	cases := []struct {
		name string
		push func(*scene) [][]byte
		want said
	}{
		{"a frame beyond the limit", func(*scene) [][]byte { return [][]byte{make([]byte, 1<<20)} }, said{msg: "peer is blamed", reason: "push"}},
		{"garbage", func(*scene) [][]byte { return [][]byte{{1, 2, 3}} }, said{msg: "peer is blamed"}},
		{"a forged head", func(s *scene) [][]byte { return [][]byte{s.bent(s.impostor(), asItIs)} }, said{msg: "peer is blamed", reason: "head-signature"}},
		{"a brand that nobody asked for", func(s *scene) [][]byte {
			return [][]byte{s.bent(must(hostile.NewBrand("unasked", s.clock.millis())), asItIs)}
		}, said{msg: "push stream ends"}},
		{"beats without end", func(*scene) [][]byte {
			var beats [][]byte
			for range 50_000 {
				beats = append(beats, wire.PushFrame{}.Encode())
			}
			return beats
		}, said{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			defer s.act(t)()
			s.joined()
			s.was = measure()
			p := s.pushes(c.push(s)...)
			if c.want.msg != "" {
				c.want.peer = p.Host.ID().String()
				s.mirror.logs(c.want)
			}
			s.edits()
			s.unharmed()
		})
	}
}

func TestPeersThatAreToldWronglyAreNotTaken(t *testing.T) {
	s := newScene(t).followed()
	asked := make(chan bool, 8)
	for _, answer := range [][]byte{
		{0xff, 0xff, 0x7f},
		must(protocol.Marshal(map[string]any{"v": 1, "kind": "peers", "peers": [][]byte{{1, 2, 3}, make([]byte, 1000)}})),
	} {
		p := s.hostile()
		p.Handle(exchange, func(st network.Stream) error {
			asked <- true
			if answer[0] == 0xff {
				_, err := st.Write(answer)
				return err
			}
			return wire.WriteFrame(st, answer, len(answer))
		})
		_, err := p.Dial(t.Context(), s.mirror.addr())
		s.check(err)
	}
	for range 2 {
		select {
		case <-asked:
		case <-time.After(patience):
			t.Fatal("nobody is asked for peers")
		}
	}
	s.edits()
	s.unharmed()
}

// A peer claims to hold heads that don't exist, so that it is asked for them.
func TestClaimsAreLookedIntoWithinBounds(t *testing.T) {
	s := newScene(t).followed()
	p := s.copycat()
	for i := range 300 {
		have := &identity.HeadRef{Epoch: 9, Seq: uint64(1000 + i), Head: protocol.Sum(protocol.DagCBOR, fmt.Append(nil, i))}
		data, err := wire.EncodeRequest(&wire.HeadRequest{Brand: s.brand.Brand(), Have: have})
		s.check(err)
		_, _ = p.Say(t.Context(), s.mirror.addr(), wire.CatchUpProtocol, append([]byte{byte(len(data)) | 128, byte(len(data) >> 7)}, data...))
	}
	s.eventually("the peer is asked", func() bool { return p.Asked("head") > 0 })
	s.edits()
	s.edits()
	s.unharmed()
	if n := p.Asked("head"); n > 600 {
		t.Errorf("it was asked %d times", n)
	}
}

// The peer that the mirror takes for the brand's own node stalls in every answer about
// the catalog: that costs time, and no more.
func TestAnswersThatStallAfterOneByteAreTakenFromOthers(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for a silent peer")
	}
	t.Parallel()
	s := newScene(t)
	p := s.copycat()
	s.mirror.follows(p.Addr())
	s.same()
	p.Do(hostile.Evil{
		Twist: func(_ wire.Request, frames []wire.Response) []wire.Response { return frames[:1] },
		Raw:   func(_ wire.Request, b []byte) []byte { return b[:1] }, Stall: true,
	})
	begin := time.Now()
	s.edits()
	t.Logf("the edit came after %v", time.Since(begin))
	for range long() - 1 {
		begin = time.Now()
		s.edits()
		t.Logf("the next one came after %v", time.Since(begin))
	}
	s.mirror.logs(said{msg: "set aside", peer: p.Host.ID().String()})
	s.same()
	if n := s.mirror.log.count(said{msg: "peer is blamed"}); n > 0 {
		t.Errorf("blamed %d times", n)
	}
}
