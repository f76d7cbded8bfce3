package mailbox

import (
	"context"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// earRoom is how many events may wait for one who listens.
const earRoom = 256

// await notes in the results what the brand makes of a deposit, until all is taken, the
// time is over, or the brand isn't connected.
func (r *Relay) await(ctx context.Context, brand protocol.CID, d *deposit, ear *ear[wire.ThreadEvent], wait time.Duration) {
	open := map[protocol.CID]int{}
	for n, i := range d.items {
		if d.results[n].State == wire.StateStored {
			open[i.ID] = n
		}
	}
	over := time.NewTimer(wait)
	defer over.Stop()
	for len(open) > 0 {
		line := r.line(brand)
		if line == nil {
			return
		}
		select {
		case e, ok := <-ear.out:
			if !ok {
				return
			}
			r.note(d, open, e)
		case <-line.ctx.Done():
		case <-over.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (r *Relay) note(d *deposit, open map[protocol.CID]int, e wire.ThreadEvent) {
	n, is := open[e.Sent]
	if !is || e.Envelope != nil {
		return
	}
	if result, known := r.recent.get(e.Sent); known {
		result.Receipt = d.results[n].Receipt
		d.results[n] = result
		delete(open, e.Sent)
	}
}
