package store

import "github.com/stoa-commerce/stoa/protocol"

// Thread is what the brand keeps of one conversation with a shopper. At rest it is
// sealed under the thread's conversation key, all but what finds it.
type Thread struct {
	ID    protocol.CID `cbor:"id"`
	Brand protocol.CID `cbor:"brand"`
	Home  protocol.CID `cbor:"home"` // brand of the gateway that has the shopper's box

	// Genesis is the signed genesis as received. PutThread keeps it when it isn't
	// nil; reading a Thread leaves it nil, DeskView.Genesis returns it.
	Genesis []byte `cbor:"-"`

	Identity [32]byte       `cbor:"identity"` // the shopper's key towards this brand
	Device   [32]byte       `cbor:"device"`   // of the genesis
	Write    [32]byte       `cbor:"write"`    // the write capability
	Devices  []ThreadDevice `cbor:"devices"`

	Seq  uint64       `cbor:"seq"`  // of the last commit; 0 before the first
	Last protocol.CID `cbor:"last"` // the last commit
	Own  OwnPlace     `cbor:"own"`  // where the brand's own entries are at

	Epoch   uint64        `cbor:"epoch"`
	Secrets []EpochSecret `cbor:"secrets"`

	Created Millis `cbor:"created"`
	Touched Millis `cbor:"touched"` // orders the inbox
	Unread  uint32 `cbor:"unread"`
	Name    string `cbor:"name"`   // as last given in an order or callback
	Unpaid  uint32 `cbor:"unpaid"` // orders that hold stock unpaid

	// Erased says that the conversation was erased: then only ID is set.
	Erased bool `cbor:"-"`

	Resync     bool   `cbor:"resync"`    // the shopper has seen more than is here
	Confirmed  Millis `cbor:"confirmed"` // when the shopper last showed the chain as it is here
	Callback   []byte `cbor:"callback"`  // the body of the last callback entry
	Rekeyed    Millis `cbor:"rekeyed"`
	RekeyedSeq uint64 `cbor:"rekeyedSeq"`
}

// Millis is protocol.Millis.
type Millis = protocol.Millis

// OwnPlace is where the chain of the brand's own entries is at.
type OwnPlace struct {
	Seq  uint64       `cbor:"seq"`
	Last protocol.CID `cbor:"last"`
}

// ThreadDevice is a device of a shopper in one thread.
type ThreadDevice struct {
	Key       [32]byte     `cbor:"key"`
	Certs     [][]byte     `cbor:"certs"` // signed, as received; none for the device of the genesis
	Removed   bool         `cbor:"removed"`
	Last      uint64       `cbor:"last"` // dseq of its last entry
	LastEntry protocol.CID `cbor:"lastEntry"`
	FirstSeen Millis       `cbor:"firstSeen"`
}

// EpochSecret is the secret of one epoch. Until is when it is to be deleted; 0 for
// the one in force.
type EpochSecret struct {
	Epoch  uint64   `cbor:"epoch"`
	Secret [32]byte `cbor:"secret"`
	Until  Millis   `cbor:"until"`
}

// Class says under which of a thread's keys a body is sealed at rest.
type Class uint8

// The classes. What is Fiscal outlives the erasure of the conversation for the term
// that the law demands.
const (
	Conversation Class = iota
	Fiscal
)

// ThreadEntry is one committed entry of a thread. Salt and Body are nil when they
// were erased.
type ThreadEntry struct {
	Seq     uint64
	Entry   []byte // signed, as received
	Commit  []byte // signed
	ID      protocol.CID
	Kind    string
	Class   Class
	Salt    []byte
	Body    []byte
	Time    Millis // of the commit
	Mine    bool   // the brand's own
	Refused string
}

// ThreadCursor is a place in the inbox, the zero value its beginning.
type ThreadCursor struct {
	Touched Millis
	Thread  protocol.CID
}
