package wire

import (
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
)

// ThreadMediaType is the media type of the bodies of specs/20-thread-http.md.
const ThreadMediaType = "application/vnd.stoa.thread+cbor"

// Limits of the HTTP of threads (specs/20-thread-http.md §8).
const (
	// MaxPosted is the largest number of envelopes in one post.
	MaxPosted = 16
	// MaxThreadBody is the largest body of a request or an answer in bytes, blobs
	// excepted.
	MaxThreadBody = 1 << 20
	// MaxPageEnvelopes is the largest number of envelopes in one answer.
	MaxPageEnvelopes = 256
	// MaxFound is the largest number of identities that are looked for at once.
	MaxFound = 256
	// MaxWatched is the largest number of threads on one event stream.
	MaxWatched = 64
	// MaxWait is the longest time in seconds that a post waits for commits.
	MaxWait = 30
	// MaxErrorText is the longest message of an error in bytes.
	MaxErrorText = 1_000
)

// The states of an envelope on its way to the brand.
const (
	StateStored    = "stored"    // a relay keeps it
	StateReceived  = "received"  // the brand's node has it
	StateCommitted = "committed" // the brand committed it
	StateRefused   = "refused"   // the brand, or who should have kept it, refused it
)

// ThreadBegin begins a thread.
type ThreadBegin struct {
	Genesis   []byte   `cbor:"genesis"` // signed
	Envelopes [][]byte `cbor:"envelopes"`
	After     uint64   `cbor:"after"`
}

// ThreadPost brings envelopes and asks for what stands behind After.
type ThreadPost struct {
	Envelopes [][]byte `cbor:"envelopes"`
	After     uint64   `cbor:"after"`
}

// ThreadAnswer answers both: a result for each envelope, in their order, and a page.
type ThreadAnswer struct {
	Thread  protocol.CID     `cbor:"thread"`
	Results []EnvelopeResult `cbor:"results"`
	ThreadPage
}

// EnvelopeResult is what became of one envelope.
type EnvelopeResult struct {
	State  string `cbor:"state"`
	Reason string `cbor:"reason,omitempty"` // of a refusal: a machine word
	Seq    uint64 `cbor:"seq,omitempty"`    // of a commit
	// Receipt is the relay's signed deposit, of a stored one.
	Receipt []byte `cbor:"receipt,omitempty"`
}

// ThreadPage holds envelopes for the shopper in the order of their numbers. At the
// brand's own gateway a number is that of the commit, at a relay a counter of its
// own.
type ThreadPage struct {
	Envelopes []NumberedEnvelope `cbor:"envelopes"`
	// Next is what to ask behind next time; More says that there is more already.
	Next uint64 `cbor:"next"`
	More bool   `cbor:"more"`
}

// NumberedEnvelope is one envelope of a page.
type NumberedEnvelope struct {
	N     uint64 `cbor:"n"`
	Bytes []byte `cbor:"bytes"`
}

// JoinRequest asks for the secret of a thread, with the device's certificates:
// none for a device that the thread knows.
type JoinRequest struct {
	Join  []byte   `cbor:"join"` // signed
	Certs [][]byte `cbor:"certs"`
}

// JoinAnswer holds the sealed welcome; empty at a relay, where it comes later.
type JoinAnswer struct {
	Welcome []byte `cbor:"welcome"`
}

// FindRequest asks which identities have a thread with a brand.
type FindRequest struct {
	Brand      protocol.CID `cbor:"brand"`
	Identities [][32]byte   `cbor:"identities"`
}

// FindAnswer holds a thread for each identity, undefined where there is none.
type FindAnswer struct {
	Threads []protocol.CID `cbor:"threads"`
}

// BlobAnswer names a blob that was stored.
type BlobAnswer struct {
	Blob protocol.CID `cbor:"blob"`
}

// EventsRequest asks for a stream of events of the threads that the signed
// requests name.
type EventsRequest struct {
	Requests [][]byte `cbor:"requests"` // signed
}

// EventsAnswer holds the ticket that opens the stream.
type EventsAnswer struct {
	Ticket string `cbor:"ticket"`
}

// ErrorBody is the body of every answer that is an error.
type ErrorBody struct {
	Error   string          `cbor:"error"`   // a machine word
	Message string          `cbor:"message"` // English, for developers
	Time    protocol.Millis `cbor:"time"`    // of the server
	// Thread is the thread there is already, of "exists".
	Thread protocol.CID `cbor:"thread,omitzero"`
}

// ThreadEvent is one event of a stream: an envelope for the shopper, or a new state
// of one that the shopper sent.
type ThreadEvent struct {
	Thread protocol.CID
	// N and Envelope are those of a page; Envelope is nil in a change of state.
	N        uint64
	Envelope []byte
	// Sent names the envelope whose State changed: thread.EnvelopeID.
	Sent  protocol.CID
	State string
}

// OpenRequest reads the signed request in a Stoa-Device header, or in an
// EventsRequest, and checks all but its time and its device. Errors wrap
// protocol.ErrInvalid.
func OpenRequest(data []byte) (thread.Request, error) {
	s, err := protocol.DecodeSigned(data)
	if err != nil {
		return thread.Request{}, err
	}
	return thread.OpenRequest(s)
}
