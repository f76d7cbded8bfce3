package gossip

import (
	"log/slog"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"google.golang.org/protobuf/proto"
)

// tracer counts what the transport does. It is called in the middle of that and
// never waits.
type tracer struct {
	metrics *metrics
	log     *slog.Logger
	copied  func(message string, from peer.ID)
}

var _ pubsub.RawTracer = (*tracer)(nil)

func (t *tracer) OnNewOutboundStream(peer.ID, protocol.ID) { t.metrics.peers.Inc() }
func (t *tracer) OnClosedOutboundStream(peer.ID)           { t.metrics.peers.Dec() }
func (t *tracer) Join(string)                              {}
func (t *tracer) Leave(string)                             {}
func (t *tracer) ValidateMessage(*pubsub.Message)          {}
func (t *tracer) DeliverMessage(*pubsub.Message)           {}
func (t *tracer) UndeliverableMessage(*pubsub.Message)     {}

// DuplicateMessage notes who else has what waits for operations.
func (t *tracer) DuplicateMessage(m *pubsub.Message) {
	t.metrics.duplicates.Inc()
	t.copied(m.ID, m.ReceivedFrom)
}

func (t *tracer) Graft(p peer.ID, _ string) {
	t.metrics.mesh.Inc()
	t.log.Debug("gossip peer joins the mesh", "peer", p)
}

func (t *tracer) Prune(p peer.ID, _ string) {
	t.metrics.mesh.Dec()
	t.log.Debug("gossip peer leaves the mesh", "peer", p)
}

// RejectMessage counts what was not judged; verdicts are counted where they are
// given.
func (t *tracer) RejectMessage(m *pubsub.Message, reason string) {
	switch reason {
	case pubsub.RejectValidationFailed, pubsub.RejectValidationIgnored:
		return
	}
	t.metrics.dropped(dropValidation, 1)
	t.log.Debug("gossip message dropped", "peer", m.ReceivedFrom, "reason", reason)
}

func (t *tracer) ThrottlePeer(p peer.ID) {
	t.metrics.dropped(dropGated, 1)
	t.log.Debug("gossip peer held back", "peer", p)
}

func (t *tracer) RecvRPC(rpc *pubsub.RPC) { t.bytes("in", rpc) }

func (t *tracer) SendRPC(rpc *pubsub.RPC, _ peer.ID) { t.bytes("out", rpc) }

func (t *tracer) bytes(direction string, rpc *pubsub.RPC) {
	t.metrics.bytes.WithLabelValues(direction).Add(float64(proto.Size(&rpc.RPC)))
}

func (t *tracer) DropRPC(rpc *pubsub.RPC, p peer.ID) {
	t.metrics.dropped(dropSendQueue, max(1, len(rpc.Publish)))
	t.log.Debug("gossip to peer dropped, its queue is full", "peer", p)
}
