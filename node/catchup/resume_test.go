package catchup

import (
	"context"
	"errors"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv/badgerkv"
)

// A node is killed in the middle of a first sync; what it had staged need not come
// again.
func TestAKilledSyncGoesOnWhereItWas(t *testing.T) {
	b, all := newBrand("tea"), shelf{}
	for path := range shelfOf(6000) {
		all[path] = record(len(all), 1500)
	}
	head := b.sign(all)
	shop := newNode(t).serve(Limits{})
	shop.put(b, head, all.changes())
	dir := t.TempDir()

	first := killedSync(t, dir, b, shop, Job{Brand: b.id, Head: head})
	engine := must(badgerkv.Open(badgerkv.Options{Dir: dir}))
	t.Cleanup(func() { engine.Close() })
	mirror := newNodeOver(t, engine).meet(shop)
	report, err := mirror.sync(t.Context(), b, head, nil, shop)
	if err != nil {
		t.Fatal(err)
	}
	mirror.has(b, head, all)
	t.Logf("%d records and %d bytes before the kill, %d and %d after", first.Records, first.Bytes, report.Records, report.Bytes)
	if report.Records > len(all)*3/4 || report.Bytes > head.Bytes*3/4 {
		t.Errorf("%d records, %d bytes again", report.Records, report.Bytes)
	}
}

// killedSync cuts a sync off when it has half of the records, and closes the engine
// under the open stage.
func killedSync(t *testing.T, dir string, b *brand, shop *node, job Job) Report {
	engine := must(badgerkv.Open(badgerkv.Options{Dir: dir}))
	mirror := newNodeOver(t, engine).meet(shop)
	mirror.knows(b)
	ctx, kill := context.WithCancel(t.Context())
	job.Stage = must(mirror.store.Stage(ctx, b.id))
	job.Peers = func() []peer.ID { return ids(shop) }
	job.Progress = func(done, total uint64) {
		if done > total*2/3 {
			kill()
		}
	}
	_, report, err := mirror.client.Sync(ctx, job)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("%v", err)
	}
	if err := engine.Close(); err != nil {
		t.Fatal(err)
	}
	return report
}

// What was fetched for one head serves the next one, also when a peer has the
// changes.
func TestWhatCameForAnOlderHeadIsOfUse(t *testing.T) {
	b, was := newBrand("tea"), shelfOf(3000)
	is := was.with(40)
	later := is.with(50)
	base := b.sign(was)
	shop, mirror := newNode(t).serve(Limits{}), newNode(t)
	shop.put(b, base, was.changes())
	mirror.put(b, base, was.changes())
	head := b.sign(is)
	stage := must(mirror.store.Stage(t.Context(), b.id))
	var some []store.Change
	for c := range is.since(was) {
		if some = append(some, c); len(some) == 20 {
			break
		}
	}
	mirror.check(stage.Add(some))
	mirror.check(stage.Flush())
	mirror.check(stage.Close())
	next := b.sign(later)
	shop.put(b, head, is.since(was))
	shop.put(b, next, later.since(is))
	mirror.meet(shop)
	report, err := mirror.sync(t.Context(), b, next, &base, shop)
	if err != nil {
		t.Fatal(err)
	}
	mirror.has(b, next, later)
	if report.Way != WayDescent || len(mirror.blames()) > 0 {
		t.Errorf("%+v, blamed %v", report, mirror.blames())
	}
}

// A peer cuts every answer off behind its first page; the changes go on where they
// were, from the same peer.
func TestADeltaThatIsCutOffGoesOn(t *testing.T) {
	b, was, is := newBrand("tea"), shelf{}, shelf{}
	for path := range shelfOf(900) {
		was[path], is[path] = record(len(was), 10), record(len(was), 2000)
	}
	base := b.sign(was)
	shop, mirror := newNode(t).serve(Limits{}), newNode(t)
	shop.put(b, base, was.changes())
	mirror.put(b, base, was.changes())
	head := b.sign(is)
	shop.put(b, head, is.since(was))
	weak := newLiar(t, shop, liar{twist: func(frames []wire.Response) []wire.Response {
		if len(frames) > 3 {
			return frames[:2]
		}
		return frames
	}})
	mirror.meet(weak)
	report, err := mirror.sync(t.Context(), b, head, &base, weak)
	if err != nil {
		t.Fatal(err)
	}
	mirror.has(b, head, is)
	if report.Way != WayChanges || report.Requests < 6 || report.Bytes > head.Bytes*3/2 {
		t.Errorf("%+v", report)
	}
}
