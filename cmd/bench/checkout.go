package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stoa-commerce/stoa/cmd/stoa/shopper"
)

// checkout has shoppers buy from the real binary over HTTP, with limits on, beside the
// cryptography that no implementation of the specification could leave out, of both
// sides, and the synced write of as many bytes for as many orders at once. Both arms
// have the same cores.
func checkout(ctx context.Context, l *lab) (rows []row, err error) {
	m, err := l.openMarket(ctx, l.scale.shop, l.scale.buyers)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.stop()) }()
	if err := m.stock(ctx, 1, 1_000_000); err != nil {
		return nil, err
	}
	bare, err := newUnavoidable(l.dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, bare.close()) }()
	var ours, theirs []float64
	for i := range l.scale.rounds {
		rate, err := m.checkoutRound(ctx, l.scale)
		if err != nil {
			return nil, err
		}
		base, err := bare.round(ctx, l.scale)
		if err != nil {
			return nil, err
		}
		if i > 0 || l.scale.rounds == 1 { // the first warms up
			ours, theirs = append(ours, rate), append(theirs, base)
		}
	}
	return []row{beside("sealed orders a second, from quote to verified commit, beside bare cryptography and group commit", median(ours), median(theirs), "1/s", higher, 0.4)}, nil
}

// checkoutRound returns how many orders a second so many shoppers at once complete.
func (m *market) checkoutRound(ctx context.Context, s scale) (float64, error) {
	list, err := m.buyers(s.orders, 1)
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	err = crowdOf(s.buyers, len(list), func(i int) error { return list[i].buy(ctx) })
	return float64(len(list)) / time.Since(begin).Seconds(), err
}

// crowdOf calls fn for 0 to n−1, so many at once, and joins the errors of those that
// failed first.
func crowdOf(at, n int, fn func(i int) error) error {
	var next atomic.Int64
	var g sync.WaitGroup
	errs := make([]error, at)
	for k := range at {
		g.Go(func() {
			for i := int(next.Add(1) - 1); i < n && errs[k] == nil; i = int(next.Add(1) - 1) {
				errs[k] = fn(i)
			}
		})
	}
	g.Wait()
	return errors.Join(errs...)
}

// contention has many more buyers than pieces come at once.
func contention(ctx context.Context, l *lab) (rows []row, err error) {
	m, err := l.openMarket(ctx, l.scale.shop, l.scale.rushing/4+1)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.stop()) }()
	if err := m.stock(ctx, 2, int64(l.scale.pieces)); err != nil {
		return nil, err
	}
	list, err := m.buyers(l.scale.rushing, 2)
	if err != nil {
		return nil, err
	}
	took := make([]float64, len(list))
	var sold, refused atomic.Int64
	err = crowdOf(len(list), len(list), func(i int) error {
		begin := time.Now()
		err := list[i].buy(ctx)
		took[i] = milliseconds(time.Since(begin))
		var no *shopper.Refused
		switch {
		case err == nil:
			sold.Add(1)
		case errors.As(err, &no) && no.Reason == "out_of_stock":
			refused.Add(1)
		default:
			return err
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	l.say("contention: %d sold, %d refused; half had their answer within %.0f ms, 99%% within %.0f ms", sold.Load(), refused.Load(), median(took), percentile(took, 99))
	name := "orders committed when " + count(l.scale.rushing) + " at once want " + count(l.scale.pieces) + " pieces; all others clearly refused"
	r := absolute(name, float64(sold.Load()), "orders", higher, float64(l.scale.pieces))
	r.Met = sold.Load() == int64(l.scale.pieces) && refused.Load() == int64(l.scale.rushing-l.scale.pieces)
	return []row{r}, nil
}
