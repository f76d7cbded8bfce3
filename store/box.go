package store

import "github.com/stoa-commerce/stoa/protocol"

// Direction says which way an item of a box travels.
type Direction uint8

// The directions.
const (
	Up   Direction = iota // to the brand
	Down                  // to the shopper
)

// Box is the box of one thread at a relay: what waits there for the brand and for
// the shopper. What is in it is sealed against the relay.
type Box struct {
	Thread    protocol.CID `cbor:"thread"`
	Brand     protocol.CID `cbor:"brand"`
	WriteHash [32]byte     `cbor:"write"` // SHA-256 of the write capability
	Genesis   []byte       `cbor:"genesis"`
	Devices   [][32]byte   `cbor:"devices"` // that may read
	First     bool         `cbor:"first"`   // the brand hasn't taken the thread on yet
	Closed    bool         `cbor:"closed"`  // the brand has erased the thread
	Read      uint64       `cbor:"read"`    // the highest item down behind which a device asked
	Created   Millis       `cbor:"created"`
	Touched   Millis       `cbor:"touched"`
	Until     Millis       `cbor:"until"` // Expire removes the box after this

	// Kept by BoxTxn; PutBox leaves them as they are.
	Up   BoxSide `cbor:"up"`
	Down BoxSide `cbor:"down"`
}

// BoxSide counts one direction of a Box.
type BoxSide struct {
	Last  uint64 `cbor:"last"`  // number of the last item that was ever appended
	Items int    `cbor:"items"` // that wait
	Bytes int64  `cbor:"bytes"` // of them
}

// BoxItem is one thing that waits in a box.
type BoxItem struct {
	Thread    protocol.CID
	Direction Direction
	N         uint64 // given by Append: from 1, without gaps, per box and direction
	Turn      uint64 // given by Append to what goes up: the order of arrival, per brand
	Kind      string
	ID        protocol.CID // what it is found by; undefined: the raw CID of Bytes
	Bytes     []byte       // at most MaxPieced
	Time      Millis
	Until     Millis // Expire removes it after this; 0: never
}
