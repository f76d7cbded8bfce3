package api

import "sync"

// admission counts what is under way. Below its ceiling everybody gets in, because
// many honest phones may stand behind one address; above it an address that has
// more than its share is refused, and at the limit everybody.
type admission struct {
	limit, ceiling, share int

	mu   sync.Mutex
	all  int
	each map[string]int
}

func newAdmission(limit, ceiling, share int) *admission {
	return &admission{limit: limit, ceiling: ceiling, share: share, each: map[string]int{}}
}

// enter lets one in, who must leave.
func (a *admission) enter(who string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.all >= a.limit || a.all >= a.ceiling && a.each[who] >= a.share {
		return false
	}
	a.all++
	a.each[who]++
	return true
}

func (a *admission) leave(who string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all--
	if a.each[who]--; a.each[who] == 0 {
		delete(a.each, who)
	}
}

// budget is memory that bodies under way may take together, in bytes.
type budget struct {
	mu   sync.Mutex
	left int64
}

func (b *budget) take(n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left < n {
		return false
	}
	b.left -= n
	return true
}

func (b *budget) give(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left += n
}
