package hostile

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	libp2pid "github.com/libp2p/go-libp2p/core/protocol"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// Evil is what a peer does otherwise than the rules say. The zero value does nothing.
type Evil struct {
	// Twist changes the frames of an answer of catch-up.
	Twist func(wire.Request, []wire.Response) []wire.Response
	// Raw changes the bytes of an answer as they go out.
	Raw func(wire.Request, []byte) []byte
	// Cut ends the stream in the middle of the last frame.
	Cut bool
	// Stall leaves the stream of an answer open instead of closing it.
	Stall bool
	// Each is called before each frame of an answer goes out.
	Each func(wire.Request)
	// Push is written to whoever asks to be told of new heads, frame by frame.
	Push [][]byte
}

// Peer is a hostile peer: a raw host that keeps to no limit.
type Peer struct {
	Host    host.Host
	Network wire.Network

	ctx  context.Context
	stop context.CancelFunc
	work sync.WaitGroup

	mu    sync.Mutex
	evil  Evil
	own   []protocol.CID // what it says that it serves
	offer func(brand protocol.CID) (*Offer, error)
	asked map[string]int
}

// NewPeer listens on loopback. It speaks no protocol but those of every host.
func NewPeer(n wire.Network) (*Peer, error) {
	h, err := libp2p.New(
		libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"), libp2p.ResourceManager(&network.NullResourceManager{}),
		libp2p.DisableRelay(), libp2p.DisableMetrics(), libp2p.DisableIdentifyAddressDiscovery(),
	)
	if err != nil {
		return nil, fmt.Errorf("build hostile peer: %w", err)
	}
	p := &Peer{Host: h, Network: n, asked: map[string]int{}}
	p.ctx, p.stop = context.WithCancel(context.Background())
	return p, nil
}

// Close ends all that the peer does.
func (p *Peer) Close() error {
	p.stop()
	err := p.Host.Close()
	p.work.Wait()
	return err
}

// Addr is a multiaddr of the peer with /p2p/ID.
func (p *Peer) Addr() string {
	return p.Host.Addrs()[0].String() + "/p2p/" + p.Host.ID().String()
}

// Do makes the peer evil from now on.
func (p *Peer) Do(e Evil) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.evil = e
}

// Asked counts the requests of catch-up that the peer got, by kind; "push" counts
// push streams.
func (p *Peer) Asked(kind string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[kind]
}

// Serve answers catch-up and push streams. list names the brands it says to serve;
// offer is asked for what it has of one, nil: nothing.
func (p *Peer) Serve(list []protocol.CID, offer func(brand protocol.CID) (*Offer, error)) {
	p.mu.Lock()
	p.own, p.offer = list, offer
	p.mu.Unlock()
	p.Handle(wire.CatchUpProtocol, p.answer)
	p.Handle(wire.PushProtocol, p.push)
}

// Handle has streams of a protocol taken by fn, until the peer is closed.
func (p *Peer) Handle(id string, fn func(network.Stream) error) {
	p.Host.SetStreamHandler(libp2pid.ID(id), func(s network.Stream) {
		p.work.Add(1)
		defer p.work.Done()
		if err := fn(s); err != nil {
			_ = s.Reset()
			return
		}
		_ = s.Close()
	})
}

func (p *Peer) note(kind string) Evil {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked[kind]++
	return p.evil
}

func (p *Peer) answer(s network.Stream) error {
	data, err := wire.ReadFrame(s, wire.MaxRequest)
	if err != nil {
		return err
	}
	r, err := wire.DecodeRequest(data)
	if err != nil {
		return err
	}
	evil := p.note(kindOf(r))
	frames, err := p.honest(r)
	if err != nil {
		return err
	}
	if evil.Twist != nil {
		frames = evil.Twist(r, frames)
	}
	if err := p.write(s, r, frames, evil); err != nil {
		return err
	}
	if evil.Stall {
		<-p.ctx.Done()
	}
	return nil
}

func (p *Peer) write(s network.Stream, r wire.Request, frames []wire.Response, evil Evil) error {
	for i, f := range frames {
		data, err := encode(f)
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if err := wire.WriteFrame(&out, data, wire.MaxPage); err != nil {
			return err
		}
		b := out.Bytes()
		if evil.Raw != nil {
			b = evil.Raw(r, b)
		}
		if evil.Each != nil {
			evil.Each(r)
		}
		if evil.Cut && i == len(frames)-1 {
			b = b[:len(b)/2]
		}
		if _, err := s.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// encode encodes a frame as the rules say, or where its form breaks them without
// asking.
func encode(f wire.Response) ([]byte, error) {
	data, err := wire.EncodeResponse(f, wire.MaxPage)
	if err == nil {
		return data, nil
	}
	switch p := f.(type) {
	case *wire.BrandsPage:
		p.Envelope = wire.Envelope{V: wire.Version, Kind: "brands"}
	case *wire.ContentPage:
		p.Envelope = wire.Envelope{V: wire.Version, Kind: "content"}
	default:
		return nil, err
	}
	return protocol.Marshal(f)
}

// honest answers as the rules say.
func (p *Peer) honest(r wire.Request) ([]wire.Response, error) {
	p.mu.Lock()
	own, offer := p.own, p.offer
	p.mu.Unlock()
	if r, ok := r.(*wire.BrandsRequest); ok {
		if r.After.Defined() || len(own) == 0 {
			return with(), nil
		}
		return with(&wire.BrandsPage{Brands: own}), nil
	}
	o, err := offer(brandOf(r))
	if o == nil || err != nil {
		return says(wire.NotFound), err
	}
	return o.answer(r)
}

// push says the frames to whoever asks and is silent then.
func (p *Peer) push(s network.Stream) error {
	evil := p.note("push")
	if _, err := wire.ReadFrame(s, wire.MaxAnnouncement); err != nil {
		return err
	}
	for _, frame := range evil.Push {
		if err := wire.WriteFrame(s, frame, len(frame)); err != nil {
			return err
		}
	}
	_, err := io.Copy(io.Discard, s)
	return err
}

// Dial connects to a node.
func (p *Peer) Dial(ctx context.Context, addr string) (peer.ID, error) {
	info, err := peer.AddrInfoFromString(addr)
	if err != nil {
		return "", err
	}
	return info.ID, p.Host.Connect(ctx, *info)
}

func kindOf(r wire.Request) string {
	switch r.(type) {
	case *wire.BrandsRequest:
		return "brands"
	case *wire.HeadRequest:
		return "head"
	case *wire.IdentityRequest:
		return "identity"
	case *wire.ChangesRequest:
		return "changes"
	case *wire.DescendRequest:
		return "descend"
	case *wire.LeavesRequest:
		return "leaves"
	case *wire.SegmentRequest:
		return "segment"
	case *wire.RecordsRequest:
		return "records"
	}
	return "content"
}

func brandOf(r wire.Request) protocol.CID {
	switch r := r.(type) {
	case *wire.HeadRequest:
		return r.Brand
	case *wire.IdentityRequest:
		return r.Brand
	case *wire.ChangesRequest:
		return r.Brand
	case *wire.DescendRequest:
		return r.Brand
	case *wire.LeavesRequest:
		return r.Brand
	case *wire.SegmentRequest:
		return r.Brand
	case *wire.RecordsRequest:
		return r.Brand
	case *wire.ContentRequest:
		return r.Brand
	}
	return protocol.CID{}
}
