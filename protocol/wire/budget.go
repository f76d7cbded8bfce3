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

// Gate lets announcements of one brand through within BrandRate and keeps the
// newest of those that come too early, so that the last of many edits is never
// lost. The zero value is open. It is not safe for concurrent use.
type Gate struct {
	budget  Budget
	waiting *Announcement
}

// Pass reports whether an accepted announcement may be acted on and passed on
// now. If not, the gate keeps it unless it keeps a higher one. One that passes
// takes the place of what is kept, unless that is higher.
func (g *Gate) Pass(a Announcement, now protocol.Millis) bool {
	if g.budget.Spend(BrandRate(), now) {
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

// Due returns the announcement kept, once the budget allows it, and forgets it.
// Otherwise wait says how long to go until it is due, 0 if none is kept.
func (g *Gate) Due(now protocol.Millis) (a Announcement, due bool, wait protocol.Millis) {
	if g.waiting == nil {
		return Announcement{}, false, 0
	}
	if !g.budget.Spend(BrandRate(), now) {
		return Announcement{}, false, g.budget.Wait(BrandRate(), now)
	}
	a, g.waiting = *g.waiting, nil
	return a, true, 0
}
