package gossip

import (
	"fmt"
	"log/slog"
	"net"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol/wire"
)

const (
	// maxRPC is the largest message of the transport in bytes: announcements are at
	// most a quarter of it, lists of what a peer has are split to fit.
	maxRPC = 16 << 10
	// seenTime is how long a message is known by its identifier. After that its
	// standing tells that it is old. It is kept short because identifiers of what
	// was ignored are remembered, too, and an attacker makes as many as the peer's
	// budget allows.
	seenTime = 2 * time.Minute
	// subscriptions is how many of them one message of the transport may name; all
	// but the one topic are dropped anyway.
	subscriptions = 100
	// queued is how many messages wait for their turn, and how many have it. The transport drops what doesn't fit and never asks for it again, so there is
	// room for what several hostile peers may deliver at once.
	queued = 4096
)

// params are those of go-libp2p-pubsub with a wider mesh, as Lotus and Celestia
// run it: messages are small and rare.
func params() pubsub.GossipSubParams {
	p := pubsub.DefaultGossipSubParams()
	p.D, p.Dlo, p.Dhi, p.Dscore, p.Dout = 8, 6, 12, 5, 3
	p.Dlazy, p.HistoryLength, p.HistoryGossip = 6, 6, 3
	p.MaxIHaveLength = 2000
	return p
}

func (g *Gossip) options() []pubsub.Option {
	return []pubsub.Option{
		pubsub.WithGossipSubParams(params()),
		pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign),
		pubsub.WithNoAuthor(),
		pubsub.WithMessageIdFn(messageID),
		pubsub.WithMaxMessageSize(maxRPC),
		pubsub.WithMaxControlMessageSize(maxRPC),
		pubsub.WithPeerOutboundQueueSize(128),
		pubsub.WithValidateQueueSize(queued),
		pubsub.WithValidateThrottle(queued),
		pubsub.WithSeenMessagesTTL(seenTime),
		pubsub.WithFloodPublish(true),
		pubsub.WithPeerExchange(false),
		pubsub.WithSubscriptionFilter(pubsub.WrapLimitSubscriptionFilter(pubsub.NewAllowlistSubscriptionFilter(g.name), subscriptions)),
		pubsub.WithPeerScore(g.scoring(), thresholds()),
		pubsub.WithPeerScoreInspect(pubsub.PeerScoreInspectFn(g.scores.set), scoreEvery),
		pubsub.WithPeerGater(pubsub.NewPeerGaterParams(0.33, pubsub.ScoreParameterDecay(2*time.Minute), pubsub.ScoreParameterDecay(10*time.Minute))),
		pubsub.WithAppSpecificRpcInspector(g.inspect),
		pubsub.WithRawTracer(&tracer{metrics: g.metrics, log: g.o.Log, copied: g.fetcher.copied}),
		pubsub.WithLogger(quiet(g.o.Log)),
		pubsub.WithRPCLogger(quiet(g.o.Log)),
	}
}

func messageID(m *pubsub_pb.Message) string {
	id := wire.MessageID(m.GetTopic(), m.GetData())
	return string(id[:])
}

// quiet keeps the debug messages of the transport out of our log, which has its
// own for each announcement.
func quiet(log *slog.Logger) *slog.Logger { return slog.New(atLeast{log.Handler(), slog.LevelInfo}) }

// scoreEvery is how often the scores are read for Score.
const scoreEvery = time.Second

// thresholds of the score, those of Lotus. A peer that delivers one announcement
// that is provably wrong is not told of own ones, after a second one it isn't
// listened to.
func thresholds() *pubsub.PeerScoreThresholds {
	return &pubsub.PeerScoreThresholds{
		GossipThreshold:             -500,
		PublishThreshold:            -1000,
		GraylistThreshold:           -2500,
		AcceptPXThreshold:           1000,
		OpportunisticGraftThreshold: 3.5,
	}
}

func (g *Gossip) scoring() *pubsub.PeerScoreParams {
	return &pubsub.PeerScoreParams{
		Topics:                      map[string]*pubsub.TopicScoreParams{g.name: topicScoring()},
		AppSpecificScore:            g.ownScore,
		AppSpecificWeight:           1,
		IPColocationFactorThreshold: 5,
		IPColocationFactorWeight:    -100,
		IPColocationFactorWhitelist: loopback(),
		BehaviourPenaltyThreshold:   6,
		BehaviourPenaltyWeight:      -10,
		BehaviourPenaltyDecay:       pubsub.ScoreParameterDecay(time.Hour),
		DecayInterval:               pubsub.DefaultDecayInterval,
		DecayToZero:                 pubsub.DefaultDecayToZero,
		RetainScore:                 6 * time.Hour,
		SeenMsgTTL:                  seenTime,
	}
}

// topicScoring leaves out deliveries in the mesh (P3): announcements come seldom,
// and a peer that had none to pass on is no bad one.
func topicScoring() *pubsub.TopicScoreParams {
	return &pubsub.TopicScoreParams{
		SkipAtomicValidation:           true,
		TopicWeight:                    1,
		TimeInMeshWeight:               0.00027, // at most 1, after an hour
		TimeInMeshQuantum:              time.Second,
		TimeInMeshCap:                  3600,
		FirstMessageDeliveriesWeight:   5,
		FirstMessageDeliveriesDecay:    pubsub.ScoreParameterDecay(10 * time.Minute),
		FirstMessageDeliveriesCap:      100,
		InvalidMessageDeliveriesWeight: -1000,
		InvalidMessageDeliveriesDecay:  pubsub.ScoreParameterDecay(time.Hour),
	}
}

// loopback is where several nodes on one machine are no sign of an attack.
func loopback() []*net.IPNet {
	return []*net.IPNet{
		{IP: net.IPv4(127, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)},
		{IP: net.IPv6loopback, Mask: net.CIDRMask(128, 128)},
	}
}

// seedScore is what a seed has in advance of others.
const seedScore = 2500

func (g *Gossip) ownScore(id peer.ID) float64 {
	if g.seeds[id] {
		return seedScore
	}
	return 0
}

// inspect runs before anything of a message of the transport is looked at. What is
// over the peer's share is cut off.
func (g *Gossip) inspect(from peer.ID, rpc *pubsub.RPC) error {
	if n := len(rpc.Publish); n > 0 {
		allowed := g.budgets.messages(from, n, g.o.Now())
		rpc.Publish = rpc.Publish[:allowed]
		g.metrics.dropped(dropPeerShare, n-allowed)
	}
	if len(rpc.Subscriptions) > subscriptions {
		return fmt.Errorf("%d subscriptions, there is one topic", len(rpc.Subscriptions))
	}
	return nil
}
