package store

import "github.com/stoa-commerce/stoa/protocol"

// Prekey is a key to which shoppers seal the beginning of a thread. The seed is
// sealed at rest under a slot of its own.
type Prekey struct {
	ID     protocol.CID // of the record
	Record []byte
	Seed   [32]byte // of the private half
	From   Millis
	Until  Millis
}
