package mailbox

import (
	"context"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// Desk is what a Collector hands mail to: the brand's own threads.
type Desk interface {
	// Deliver takes items in the order in which the relay took them in, at most
	// wire.MaxMailAhead, and acts on them in that order. It returns one outcome for
	// each, in their order, when what it took is durable. An item that came before has
	// the outcome that it has now. With an error all of them come again; an item that
	// can't be opened is no error but refused. Items of one relay are delivered one
	// call after the other.
	Deliver(ctx context.Context, relay peer.ID, items []Item) ([]Outcome, error)
	// Down returns what stands in a thread behind a commit, in order of commits, sealed
	// for the shopper: at most limit of them, none when there are no more. The error
	// wraps wire.ErrUnknownThread when there is no such thread, or no more.
	Down(ctx context.Context, thread protocol.CID, after uint64, limit int) ([]Down, error)
	// Blob returns a sealed file of a thread; wire.ErrUnknownThread when there is none.
	Blob(ctx context.Context, thread, id protocol.CID) ([]byte, error)
	// Find returns those of the identities' threads that there are, in any order.
	Find(ctx context.Context, identities [][32]byte) ([]wire.MailKnown, error)
}

// Item is one thing that a relay held for the brand.
type Item struct {
	Thread protocol.CID
	// What says what Bytes are: a signed genesis, an envelope, the encoded
	// wire.JoinRequest, or a sealed file.
	What  wire.MailWhat
	Bytes []byte
	Time  protocol.Millis // when the relay took it in, by its clock
}

// Outcome says what became of an item.
type Outcome struct {
	// State is wire.MailReceived, MailCommitted (also when the entry was refused in the
	// thread) or MailRefused: it was no envelope of the thread that could be opened.
	State wire.MailState
	// Reason is a machine word of at most 32 of a-z and "_"; for MailRefused only.
	Reason string
	// Down are envelopes for the shopper that aren't entries, a welcome or a resync.
	// They are left with this relay once; what it doesn't take is lost.
	Down [][]byte
	// Again, when not nil, has entries left with this relay again that stand behind the
	// commit: the shopper asked for them (a sync parcel), or is new there.
	Again *uint64
}

// Down is one entry on its way to the shopper.
type Down struct {
	Seq      uint64 // of its commit
	Envelope []byte
	Blobs    []protocol.CID // sealed files that it speaks of, by the brand
}
