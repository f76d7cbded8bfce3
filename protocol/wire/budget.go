package wire

import "github.com/stoa-commerce/stoa/protocol"

// Rate says how much a Budget allows: Burst announcements at once, then one for
// each Every that has passed.
type Rate struct {
	Burst int64           // at least 1
	Every protocol.Millis // at least 1
}

// BrandRate is what each brand may announce. It is charged after the verdict
// Accept only, so that nobody spends another brand's budget.
func BrandRate() Rate { return Rate{Burst: 30, Every: 5_000} }

// PeerRate is what each peer may deliver of brands that the node doesn't follow.
// It is charged for every such message, whatever the verdict.
func PeerRate() Rate { return Rate{Burst: 600, Every: 50} }

// Budget counts what has been spent of a rate, as the time at which all of it will
// be there again. The zero value is unspent. It is not safe for concurrent use.
type Budget struct{ full protocol.Millis }

// Spend takes one from the budget and reports whether there was one. A clock that
// was set back costs at most a whole budget.
func (b *Budget) Spend(r Rate, now protocol.Millis) bool {
	if b.Wait(r, now) > 0 {
		return false
	}
	b.full = max(b.full, now) + r.Every
	return true
}

// Wait returns how long it is until there is one to spend, 0 if there is.
func (b *Budget) Wait(r Rate, now protocol.Millis) protocol.Millis {
	whole := protocol.Millis(r.Burst) * r.Every
	b.full = min(b.full, now+whole)
	return max(0, b.full+r.Every-now-whole)
}

// left returns how many there are to spend.
func (b *Budget) left(r Rate, now protocol.Millis) int64 {
	b.Wait(r, now) // forgets a clock that was set back
	return r.Burst - int64((max(0, b.full-now)+r.Every-1)/r.Every)
}

// With at most paceBelow announcements of its budget left, whoever publishes for a
// brand waits paceEvery from one to the next, so that a hundred edits in ten seconds
// don't leave the last one waiting for the budget, here or at a reader's.
const (
	paceBelow                 = 14
	paceEvery protocol.Millis = 600
)

// Gate lets announcements of one brand through within BrandRate and keeps the
// newest of those that come too early, so that the last of many edits is never
// lost. The zero value is open. It is not safe for concurrent use.
type Gate struct {
	budget  Budget
	waiting *Announcement
	paced   bool
	next    protocol.Millis // before which nothing is due, if paced
}

// Pass reports whether an accepted announcement may be acted on and passed on
// now. If not, the gate keeps it unless it keeps a higher one. One that passes
// takes the place of what is kept, unless that is higher.
func (g *Gate) Pass(a Announcement, now protocol.Millis) bool {
	if g.spend(now) {
		if g.waiting != nil && g.waiting.Head.Compare(a.Head.Head) <= 0 {
			g.waiting = nil
		}
		return true
	}
	if g.waiting == nil || g.waiting.Head.Compare(a.Head.Head) < 0 {
		g.waiting = &a
	}
	return false
}

// Publish is Pass for a node that publishes for the brand: it spreads what is left of
// the budget over the edits to come.
func (g *Gate) Publish(a Announcement, now protocol.Millis) bool {
	g.paced = true
	return g.Pass(a, now)
}

func (g *Gate) spend(now protocol.Millis) bool {
	if g.early(now) > 0 || !g.budget.Spend(BrandRate(), now) {
		return false
	}
	if g.paced && g.budget.left(BrandRate(), now) < paceBelow {
		g.next = now + paceEvery
	}
	return true
}

// early returns how long it is until the pace allows one more.
func (g *Gate) early(now protocol.Millis) protocol.Millis {
	if wait := g.next - now; wait <= paceEvery { // else the clock was set back
		return max(0, wait)
	}
	return 0
}

// Due returns the announcement kept, once the budget allows it, and forgets it.
// Otherwise wait says how long to go until it is due, 0 if none is kept.
func (g *Gate) Due(now protocol.Millis) (a Announcement, due bool, wait protocol.Millis) {
	if g.waiting == nil {
		return Announcement{}, false, 0
	}
	if !g.spend(now) {
		return Announcement{}, false, max(1, g.early(now), g.budget.Wait(BrandRate(), now))
	}
	a, g.waiting = *g.waiting, nil
	return a, true, 0
}
