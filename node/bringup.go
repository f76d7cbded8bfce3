package node

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/stoa-commerce/stoa/node/catchup"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

const (
	// atOnce is how many brands are brought up to date at the same time.
	atOnce = 4
	// firstPause and longPause bound how long to wait after a failure; it doubles each
	// time.
	firstPause, longPause = 250 * time.Millisecond, 5 * time.Minute
	// contradicted is how long to wait with a brand that contradicts itself.
	contradicted = time.Hour
	// rounds is how often a brand is looked at anew before another one's turn comes, and
	// turnTime how long: slow peers of one brand must not hold up all others. What came
	// stays.
	rounds, turnTime = 4, 10 * time.Minute
	// maxRecords and maxRecordBytes are the largest catalog that is fetched.
	maxRecords, maxRecordBytes = 5_000_000, 4 << 30
)

// errTooLarge means that a brand's catalog is larger than what is fetched.
var errTooLarge = errors.New("the catalog is larger than this node takes")

// fetching is the work on one brand. mirror.mu guards it.
type fetching struct {
	stop    context.CancelFunc // of the work that is under way, nil if none is
	tries   int                // that failed in a row
	ended   uint64             // how many have ended
	failure string             // why the last one failed, in words; "" if it didn't
}

// wake has a brand brought up to date soon.
func (n *Node) wake(m *mirror) {
	if n.net != nil && !m.own {
		n.net.queue.put(m.brand, time.Now())
	}
}

// bringAllUp works on brands that are behind until ctx ends.
func (n *Node) bringAllUp(ctx context.Context) error {
	for _, m := range n.kept.followed() {
		n.wake(m)
	}
	var workers errgroup.Group
	for range atOnce {
		workers.Go(func() error {
			for {
				brand, ok := n.net.queue.take(ctx)
				if !ok {
					return nil
				}
				if m := n.kept.get(brand); m != nil {
					n.turn(ctx, m)
				}
				n.net.queue.done(brand)
			}
		})
	}
	return workers.Wait()
}

// turn works on one brand and says when to come again.
func (n *Node) turn(parent context.Context, m *mirror) {
	ctx, stop := context.WithTimeout(parent, turnTime)
	defer stop()
	m.begin(stop)
	err := n.bringUp(ctx, m)
	if parent.Err() != nil || !n.kept.has(m.brand) {
		m.begin(nil)
		return
	}
	tries := m.end(err)
	if err == nil {
		return
	}
	wait := pause(tries)
	if errors.Is(err, catchup.ErrHead) || errors.Is(err, errTooLarge) {
		wait = contradicted
	}
	n.net.queue.put(m.brand, time.Now().Add(wait))
	n.log.Info("brand could not be brought up to date", "brand", m.brand, "tries", tries, "again", wait, "reason", err)
}

// pause returns how long to wait after so many failures, with jitter.
func pause(tries int) time.Duration {
	d := longPause
	if tries < 12 {
		d = min(firstPause<<tries, longPause)
	}
	return d/2 + rand.N(d)
}

func (m *mirror) begin(stop context.CancelFunc) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fetch.stop = stop
}

func (m *mirror) end(err error) (tries int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fetch.stop = nil
	m.fetch.ended++
	if err == nil {
		m.fetch.tries, m.fetch.failure = 0, ""
		return 0
	}
	m.fetch.tries++
	m.fetch.failure = inWords(err)
	return m.fetch.tries - 1
}

// inWords says to the owner why a brand could not be brought up to date.
func inWords(err error) string {
	switch {
	case errors.Is(err, catchup.ErrHead):
		return "the brand's head contradicts its own catalog"
	case errors.Is(err, catchup.ErrMoved):
		return "the peers that could be reached don't have the newest catalog yet"
	case errors.Is(err, catchup.ErrNoPeers), errors.Is(err, errNobody):
		return "no peer that has the brand's catalog could be reached"
	case errors.Is(err, errTooLarge):
		return "the brand's catalog is larger than this node takes"
	case errors.Is(err, ErrContested):
		return "a contest keeps the newer catalog from being shown"
	}
	return "fetching failed; the log says more"
}

// errNobody means that no peer is connected that may know a brand.
var errNobody = errors.New("no peer is connected that may know the brand")

// bringUp fetches what is needed for the highest head of a brand to take effect, and
// tells the brand's own node.
func (n *Node) bringUp(ctx context.Context, m *mirror) error {
	if m.present().highest == nil {
		if err := n.askAround(ctx, m); err != nil {
			return err
		}
	}
	for range rounds {
		m.mu.Lock()
		head := m.target()
		m.mu.Unlock()
		if head == nil {
			n.tellHome(ctx, m)
			return nil
		}
		if err := n.fetchCatalog(ctx, m, *head); err != nil {
			if err := n.askAgain(ctx, m, *head, err); err != nil {
				return err
			}
		}
	}
	n.wake(m)
	return nil
}

// askAgain asks for the head after a catalog could not be fetched: err stays unless
// there is another one now.
func (n *Node) askAgain(ctx context.Context, m *mirror, head catalog.SignedHead, err error) error {
	if !errors.Is(err, catchup.ErrMoved) && !errors.Is(err, catchup.ErrNoPeers) && !errors.Is(err, store.ErrStale) {
		return err
	}
	if asked := n.askAround(ctx, m); asked != nil {
		return errors.Join(err, asked)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if now := m.target(); now != nil && now.CID == head.CID {
		return err
	}
	return nil
}

// fetchCatalog fetches the catalog of a head and has it accepted.
func (n *Node) fetchCatalog(ctx context.Context, m *mirror, head catalog.SignedHead) (err error) {
	if head.Count > maxRecords || head.Bytes > maxRecordBytes {
		return fmt.Errorf("%d records of %d bytes: %w", head.Count, head.Bytes, errTooLarge)
	}
	base := m.present().live
	if alone := head.Root.Empty() || base != nil && base.Root == head.Root; !alone {
		if err := n.reach(ctx, m); err != nil {
			return err
		}
	}
	stage, err := n.store.Stage(ctx, m.brand)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stage.Close()) }()
	prepared, report, err := n.net.client.Sync(ctx, catchup.Job{
		Brand: m.brand, Head: head, Base: base, Stage: stage, Peers: func() []peerID { return n.candidates(m) },
	})
	if err != nil {
		return err
	}
	if err := n.accept(ctx, head, prepared); err != nil {
		return fmt.Errorf("take over catalog of %s: %w", m.brand, err)
	}
	n.log.Info("catalog brought up to date", "brand", m.brand, "epoch", head.Epoch, "seq", head.Seq, "records", head.Count,
		"way", report.Way, "bytes", report.Bytes, "requests", report.Requests)
	n.changed(ctx, m, base)
	return nil
}

// changed does what follows when a followed brand's catalog has changed.
func (n *Node) changed(ctx context.Context, m *mirror, base *catalog.SignedHead) {
	n.keepHomes(m)
	if err := n.changedPictures(ctx, m, base); err != nil && ctx.Err() == nil {
		n.log.Warn("which pictures of a brand changed could not be found out", "brand", m.brand, "reason", err)
		m.rescan(true)
	}
	n.wakeMedia(m)
}
