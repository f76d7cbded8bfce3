package mailbox

import (
	"time"

	libp2p "github.com/libp2p/go-libp2p/core/protocol"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// Service names mail streams to the resource manager of libp2p.
const Service = "stoa.mail"

// Bounds of a box, each way (specs/19-mail.md §3).
const (
	maxBoxItems  = 200
	maxBoxBytes  = 10 << 20
	maxNewItems  = 16 // before the brand has taken the thread on
	maxNewBytes  = 1 << 20
	maxJoins     = 8 // requests that wait in a box
	pageItems    = 64
	pageBytes    = 1 << 20
	maxEnvelopes = 16 // of one post
)

const (
	day = protocol.Millis(24 * 60 * 60 * 1000)
	// boxLife is how long a box lives that nobody touches, and what is in it; newLife
	// the same before the brand has taken the thread on.
	boxLife, newLife = 30 * day, 7 * day
	// itemCost and boxCost are what an item and a box weigh beside their bytes.
	itemCost, boxCost = 256, 4 << 10
	// aheadBytes bounds what a relay sends ahead of its acknowledgement, with one item
	// of any size.
	aheadBytes = 1 << 20
	// streamMemory is reserved for a stream: what is under way, each way.
	streamMemory = 2*(aheadBytes+wire.MaxMailFrame) + 1<<20
	// maxStreams is how many brands a relay serves at a time, and how many relays a
	// brand's node collects from.
	maxStreams = 256
)

const (
	firstFrame = 10 * time.Second // until the other side's first frame is there
	writeTime  = 20 * time.Second // until a frame is taken
	beatTime   = time.Duration(wire.MailBeat) * time.Millisecond
	silence    = time.Duration(wire.MailSilence) * time.Millisecond
	findTime   = 3 * time.Second  // for a brand to say which threads it knows
	brandTime  = 10 * time.Second // that a beginning waits for the answer of a connected brand
)

// Ceilings bound what all boxes of a relay weigh, in bytes; the zero value of a field
// stands for its default.
type Ceilings struct {
	// New is for threads that their brand hasn't taken on yet, per brand; 64 MiB.
	New int64
	// All is for all boxes; 1 GiB.
	All int64
}

// Register sets the limits of mail streams in the configuration of a host's resource
// manager. Whoever builds the host calls it, before Scale.
func Register(cfg *rcmgr.ScalingLimitConfig) {
	all, one := streams(maxStreams, 32*streamMemory), streams(4, 2*streamMemory)
	cfg.AddServiceLimit(Service, all, rcmgr.BaseLimitIncrease{Memory: 64 << 20})
	cfg.AddServicePeerLimit(Service, one, rcmgr.BaseLimitIncrease{})
	// Memory is reserved through both scopes: that of the protocol must not be the
	// smaller one.
	all.Memory, one.Memory = 2*all.Memory, 2*one.Memory
	cfg.AddProtocolLimit(libp2p.ID(wire.MailProtocol), all, rcmgr.BaseLimitIncrease{Memory: 128 << 20})
	cfg.AddProtocolPeerLimit(libp2p.ID(wire.MailProtocol), one, rcmgr.BaseLimitIncrease{})
}

// streams gives every field a value: zero would block all.
func streams(n int, memory int64) rcmgr.BaseLimit {
	return rcmgr.BaseLimit{Streams: 2 * n, StreamsInbound: n, StreamsOutbound: n, Memory: memory}
}
