package catchup

import (
	"cmp"
	"time"

	"github.com/libp2p/go-libp2p/core/protocol"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"

	"github.com/stoa-commerce/stoa/protocol/wire"
)

// Service is what streams of catch-up are accounted to in the host's resource
// manager.
const Service = "stoa.catchup"

// Limits bound what strangers can cost a Server. The zero value of a field stands
// for its default.
type Limits struct {
	Streams       int           // answers at a time; 64
	PeerStreams   int           // of those to one peer; 8
	SourceStreams int           // of those to one address (IPv6: one /64); 32
	Rate          float64       // requests a second of one address, or of one peer over a relay; 100
	Burst         int           // requests at once of the same; 400
	Read          time.Duration // until the request is there; 5 s
	Page          time.Duration // until a page is taken; 10 s
	Answer        time.Duration // until the whole answer is; 60 s
}

func (l Limits) withDefaults() Limits {
	return Limits{
		Streams:       cmp.Or(l.Streams, 64),
		PeerStreams:   cmp.Or(l.PeerStreams, 8),
		SourceStreams: cmp.Or(l.SourceStreams, 32),
		Rate:          cmp.Or(l.Rate, 100),
		Burst:         cmp.Or(l.Burst, 400),
		Read:          cmp.Or(l.Read, 5*time.Second),
		Page:          cmp.Or(l.Page, 10*time.Second),
		Answer:        cmp.Or(l.Answer, 60*time.Second),
	}
}

// answerMemory is what an answer with pages of so many bytes has in memory at a
// time: the records, their page, and the page on its way out.
func answerMemory(page int) int { return 3 * page }

// Register sets the limits of catch-up in the configuration of a host's resource
// manager. Whoever builds the host calls it, before Scale: the defaults of libp2p
// let one peer hold far more streams than there are answers to give. Protocol and
// service may have more streams than there are answers, so that who comes too much
// is told to come later instead of being cut off.
func (l Limits) Register(cfg *rcmgr.ScalingLimitConfig) {
	l = l.withDefaults()
	memory := int64(answerMemory(wire.MaxPage))
	all := streams(4*l.Streams, int64(l.Streams)*memory+16<<20)
	peer := streams(4*l.PeerStreams, int64(l.PeerStreams)*memory+2<<20)
	cfg.AddServiceLimit(Service, all, rcmgr.BaseLimitIncrease{})
	cfg.AddServicePeerLimit(Service, peer, rcmgr.BaseLimitIncrease{})
	// Memory is reserved through both scopes: that of the protocol must not be the
	// smaller one.
	all.Memory, peer.Memory = 2*all.Memory, 2*peer.Memory
	cfg.AddProtocolLimit(protocol.ID(wire.CatchUpProtocol), all, rcmgr.BaseLimitIncrease{})
	cfg.AddProtocolPeerLimit(protocol.ID(wire.CatchUpProtocol), peer, rcmgr.BaseLimitIncrease{})
}

// streams gives every field a value: zero would block all.
func streams(n int, memory int64) rcmgr.BaseLimit {
	return rcmgr.BaseLimit{Streams: 2 * n, StreamsInbound: n, StreamsOutbound: n, Memory: memory}
}
