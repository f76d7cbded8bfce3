package threads

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stoa-commerce/stoa/protocol/wire"
)

// BenchmarkOrder is the brand's side of a new thread with an order: genesis, entry,
// commit, number and the answer. The shopper's side is prepared.
func BenchmarkOrder(b *testing.B) {
	s := newStand(b, 1<<40)
	type prepared struct {
		x *shopper
		e []byte
	}
	list := make([]prepared, b.N)
	for i := range list {
		x := s.visit()
		list[i] = prepared{x, x.order()}
	}
	b.ResetTimer()
	var next atomic.Int64
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			for i := int(next.Add(1) - 1); i < len(list); i = int(next.Add(1) - 1) {
				x := list[i].x
				a, err := s.Begin(context.Background(), x.who, x.write, wire.ThreadBegin{Genesis: x.genesis, Envelopes: [][]byte{list[i].e}})
				if err != nil || a.Results[0].State != wire.StateCommitted || len(a.Envelopes) != 2 {
					b.Errorf("%+v, %v", a.Results, err)
				}
			}
		})
	}
	all.Wait()
}
