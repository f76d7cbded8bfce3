package threads

import "github.com/stoa-commerce/stoa/protocol"

// Restored says that whatever was committed before a time may not be all that was: the
// node came from a backup, or another one spoke for the brand. Threads of before wait
// for their shoppers until the brand says something in them by itself.
func (d *Desk) Restored(since protocol.Millis) { d.since.Store(int64(since)) }

func (d *Desk) restored() protocol.Millis { return protocol.Millis(d.since.Load()) }

// unconfirmed reports whether a thread stood before the node was restored and hasn't
// been confirmed by its shopper since.
func (s *session) unconfirmed() bool {
	since := s.b.d.restored()
	return s.t.Confirmed < since && s.t.Created < since
}
