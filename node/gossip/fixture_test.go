package gossip_test

import (
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"

	"github.com/stoa-commerce/stoa/node/gossip"
	"github.com/stoa-commerce/stoa/node/gossip/gossipsim"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// soon is how long a test waits for what should happen at once.
const soon = 30 * time.Second

func now() protocol.Millis { return protocol.MillisOf(time.Now()) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// eventually waits until what becomes true.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(soon); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// newHost listens on loopback with the resource manager that libp2p has by default.
func newHost(t *testing.T, more ...libp2p.Option) host.Host {
	t.Helper()
	h := must(libp2p.New(append([]libp2p.Option{libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"), libp2p.DisableRelay(), libp2p.DisableMetrics()}, more...)...))
	t.Cleanup(func() { h.Close() })
	return h
}

func connect(t *testing.T, a, b host.Host) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	if err := a.Connect(ctx, peer.AddrInfo{ID: b.ID(), Addrs: b.Addrs()}); err != nil {
		t.Fatal(err)
	}
}

// node is a host on loopback that gossips, with a book for a store.
type node struct {
	*gossip.Gossip
	host     host.Host
	book     *gossipsim.Book
	registry *prometheus.Registry
	mu       sync.Mutex
	blames   map[peer.ID]int
}

// startNode gossips on a host until the test ends; change may alter the options.
func startNode(t *testing.T, h host.Host, book *gossipsim.Book, change func(*gossip.Options)) *node {
	t.Helper()
	n := &node{host: h, book: book, registry: prometheus.NewRegistry(), blames: map[peer.ID]int{}}
	o := gossip.Options{
		Host: h, Network: "test", Brands: book, Registry: n.registry, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Followed: book.Followed, Current: book.Current, Blame: n.blame,
	}
	if change != nil {
		change(&o)
	}
	ctx, cancel := context.WithCancel(context.Background())
	n.Gossip = must(gossip.New(ctx, o))
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return n
}

func (n *node) blame(id peer.ID, _ string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.blames[id]++
}

func (n *node) blamed(id peer.ID) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.blames[id]
}

// announce publishes the next head of an owner as the node's own brand's.
func (n *node) announce(o *gossipsim.Owner) wire.Announcement {
	a := must(o.Next(now()))
	if err := n.book.Own(a); err != nil {
		panic(err)
	}
	n.Publish(a)
	return a
}

// counted sums the values of a metric whose labels have all the values given.
func (n *node) counted(name string, labels ...string) (sum float64) {
	for _, family := range must(n.registry.Gather()) {
		if family.GetName() != "stoa_gossip_"+name {
			continue
		}
		for _, m := range family.GetMetric() {
			if hasLabels(m, labels) {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

func hasLabels(m *dto.Metric, want []string) bool {
	have := map[string]bool{}
	for _, l := range m.GetLabel() {
		have[l.GetValue()] = true
	}
	for _, w := range want {
		if !have[w] {
			return false
		}
	}
	return true
}

// meshed waits until the nodes have that many peers in their mesh.
func meshed(t *testing.T, peers int, nodes ...*node) {
	t.Helper()
	for _, n := range nodes {
		eventually(t, "the mesh forms", func() bool { return n.counted("mesh_peers") >= float64(peers) })
	}
}

// stranger speaks the transport's protocol by hand and keeps to none of its rules.
type stranger struct {
	t      *testing.T
	host   host.Host
	stream network.Stream
}

const meshsub = pubsub.GossipSubID_v11

// mute makes a stranger that takes no streams.
func mute(s *stranger) { s.host.RemoveStreamHandler(meshsub) }

// newStranger connects to a node.
func newStranger(t *testing.T, to *node, change ...func(*stranger)) *stranger {
	t.Helper()
	s := &stranger{t: t, host: newHost(t)}
	s.host.SetStreamHandler(meshsub, func(in network.Stream) { _, _ = io.Copy(io.Discard, in) })
	peers := to.counted("peers")
	for _, c := range change {
		c(s)
	}
	connect(t, s.host, to.host)
	s.open(to)
	if change == nil {
		eventually(t, "the node knows it", func() bool { return to.counted("peers") > peers })
	}
	return s
}

func (s *stranger) open(to *node) {
	ctx, cancel := context.WithTimeout(s.t.Context(), soon)
	defer cancel()
	s.stream = must(s.host.NewStream(ctx, to.host.ID(), meshsub))
	_ = s.send(&pubsub_pb.RPC{Subscriptions: []*pubsub_pb.RPC_SubOpts{{Subscribe: proto.Bool(true), Topicid: proto.String(topic)}}})
}

var topic = wire.Network("test").Topic()

// send writes one message of the transport; an error is told, as a node may have
// had enough.
func (s *stranger) send(rpc *pubsub_pb.RPC) error {
	data := must(proto.Marshal(rpc))
	_ = s.stream.SetWriteDeadline(time.Now().Add(soon))
	_, err := s.stream.Write(append(binary.AppendUvarint(nil, uint64(len(data))), data...))
	return err
}

// publish delivers messages on the topic.
func (s *stranger) publish(messages ...[]byte) error {
	rpc := &pubsub_pb.RPC{}
	for _, data := range messages {
		rpc.Publish = append(rpc.Publish, &pubsub_pb.Message{Data: data, Topic: proto.String(topic)})
	}
	return s.send(rpc)
}

func encode(a wire.Announcement, err error) []byte { return must(must(a, err).Encode()) }
