package store

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store/kv"
	"github.com/stoa-commerce/stoa/store/kv/memkv"
)

// retainer applies heads without their catalogs.
type retainer struct {
	t      *testing.T
	engine *memkv.Engine
	row    stateRow
	last   catalog.SignedHead
}

func (rt *retainer) head(paths int) {
	rt.t.Helper()
	p := &Prepared{b: newBrand(1), base: &state{stateRow: stateRow{Head: []byte{1}}, head: rt.last}}
	for i := range paths {
		p.touched.add(protocol.Path(fmt.Sprintf("page/a-rather-long-handle-%06d", i)), false)
	}
	next := catalog.SignedHead{Head: catalog.Head{Seq: rt.last.Seq + 1}}
	next.CID = protocol.Sum(protocol.DagCBOR, fmt.Append(nil, next.Seq))
	err := rt.engine.Update(context.Background(), kv.Durable, func(tx kv.Txn) error { return p.retain(tx, &rt.row, next) })
	if err != nil {
		rt.t.Fatal(err)
	}
	rt.last = next
}

// since counts the deltas and paths that lead from a head to the last one.
func (rt *retainer) since(seq uint64) (deltas, paths int, err error) {
	err = rt.engine.View(context.Background(), func(r kv.Reader) error {
		v := &View{r: r, st: &state{at: realm{1, 1}, head: rt.last}}
		way, err := v.way(protocol.Sum(protocol.DagCBOR, fmt.Append(nil, seq)))
		for _, parts := range way {
			for _, part := range parts {
				starts, err := pathStarts(part)
				if err != nil {
					return err
				}
				paths += len(starts)
			}
		}
		deltas = len(way)
		return err
	})
	return deltas, paths, err
}

func newRetainer(t *testing.T) *retainer {
	rt := &retainer{t: t, engine: memkv.New()}
	rt.last.CID = protocol.Sum(protocol.DagCBOR, fmt.Append(nil, 0))
	return rt
}

func TestPathsAreRetainedUpToTheirBound(t *testing.T) {
	rt := newRetainer(t)
	const each = MaxDeltaPaths
	for range 14 {
		rt.head(each)
	}
	if rt.row.Retained.Heads != 10 || rt.row.Retained.Paths != MaxRetainedPaths {
		t.Errorf("retained are %+v", rt.row.Retained)
	}
	if deltas, paths, err := rt.since(4); deltas != 10 || paths != 10*each || err != nil {
		t.Errorf("since the oldest retained head %d deltas of %d paths, %v", deltas, paths, err)
	}
	if _, _, err := rt.since(3); !errors.Is(err, ErrGone) {
		t.Errorf("since the one before: %v", err)
	}
	for range trimAtOnce {
		rt.head(1)
	}
	if deltas, paths, err := rt.since(rt.last.Seq - trimAtOnce); deltas != trimAtOnce || paths != trimAtOnce || err != nil {
		t.Errorf("%d deltas of %d paths, %v", deltas, paths, err)
	}
}

func TestATooLargeChangeBreaksTheWay(t *testing.T) {
	rt := newRetainer(t)
	rt.head(3)
	rt.head(MaxDeltaPaths + 1)
	rt.head(MaxDeltaPaths)
	for seq, want := range []error{ErrGone, ErrGone, nil, nil} {
		if _, _, err := rt.since(uint64(seq)); seq < 3 && !errors.Is(err, want) {
			t.Errorf("since head %d: %v, want %v", seq, err, want)
		}
	}
}
