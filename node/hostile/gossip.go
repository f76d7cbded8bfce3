package hostile

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/network"
	libp2pid "github.com/libp2p/go-libp2p/core/protocol"
	"google.golang.org/protobuf/proto"

	"github.com/stoa-commerce/stoa/protocol/wire"
)

// meshsub is the transport of gossip that the peer speaks.
const meshsub = pubsub.GossipSubID_v11

// writeTime is how long a node may take to read what is written to it.
const writeTime = 20 * time.Second

// Gossip is a stream of gossip to one node, written by hand.
type Gossip struct {
	stream network.Stream
	topic  string
}

// Gossip connects to a node, opens a stream and says that it is in the topic. What the
// node says is not listened to.
func (p *Peer) Gossip(ctx context.Context, addr string) (*Gossip, error) {
	p.Handle(string(meshsub), func(s network.Stream) error {
		_, err := io.Copy(io.Discard, s)
		return err
	})
	id, err := p.Dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	s, err := p.Host.NewStream(ctx, id, meshsub)
	if err != nil {
		return nil, fmt.Errorf("open gossip: %w", err)
	}
	g := &Gossip{stream: s, topic: p.Network.Topic()}
	return g, g.Subscribe(g.topic)
}

// Subscribe says that the peer is in topics.
func (g *Gossip) Subscribe(topics ...string) error {
	rpc := &pubsub_pb.RPC{}
	for _, t := range topics {
		rpc.Subscriptions = append(rpc.Subscriptions, &pubsub_pb.RPC_SubOpts{Subscribe: proto.Bool(true), Topicid: proto.String(t)})
	}
	return g.send(rpc)
}

// Publish delivers messages on the topic in one message of the transport.
func (g *Gossip) Publish(messages ...[]byte) error {
	rpc := &pubsub_pb.RPC{}
	for _, data := range messages {
		rpc.Publish = append(rpc.Publish, &pubsub_pb.Message{Data: data, Topic: proto.String(g.topic)})
	}
	return g.send(rpc)
}

func (g *Gossip) send(rpc *pubsub_pb.RPC) error {
	data, err := proto.Marshal(rpc)
	if err != nil {
		return err
	}
	_ = g.stream.SetWriteDeadline(time.Now().Add(writeTime))
	_, err = g.stream.Write(append(binary.AppendUvarint(nil, uint64(len(data))), data...))
	return err
}

// Hold opens up to n streams of a protocol to a node, writes the first bytes of
// something on each, and leaves them so until the peer is closed. It returns how many
// it could open.
func (p *Peer) Hold(ctx context.Context, addr, protocol string, n int, begin []byte) (int, error) {
	id, err := p.Dial(ctx, addr)
	if err != nil {
		return 0, err
	}
	held := 0
	for range n {
		s, err := p.Host.NewStream(ctx, id, libp2pid.ID(protocol))
		if err != nil {
			continue
		}
		_ = s.SetWriteDeadline(time.Now().Add(writeTime))
		if _, err := s.Write(begin); err != nil {
			_ = s.Reset()
			continue
		}
		held++
	}
	return held, nil
}

// Say opens a stream of a protocol to a node, writes bytes, and returns what comes
// back until the node ends the stream.
func (p *Peer) Say(ctx context.Context, addr, protocol string, data []byte) ([]byte, error) {
	id, err := p.Dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	s, err := p.Host.NewStream(ctx, id, libp2pid.ID(protocol))
	if err != nil {
		return nil, err
	}
	defer s.Reset()
	_ = s.SetDeadline(time.Now().Add(writeTime))
	if _, err := s.Write(data); err != nil {
		return nil, err
	}
	_ = s.CloseWrite()
	return io.ReadAll(io.LimitReader(s, wire.MaxPage))
}
