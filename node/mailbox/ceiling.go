package mailbox

// ceiling bounds what a pool of boxes weighs. Below half of it nobody is refused,
// however much comes from one address: carriers put many phones behind one. Above,
// a depositor may hold as much as is still free: so the busiest is refused first, one
// alone never has more than half, and whoever holds little finds room until the end
// (dynamic queue thresholds after Choudhury and Hahne, 1998).
type ceiling struct {
	limit, total int64
	by           map[string]int64 // depositor to the weight of the boxes it opened
}

func newCeiling(limit int64) *ceiling { return &ceiling{limit: limit, by: map[string]int64{}} }

// admits reports whether a depositor may add so much.
func (c *ceiling) admits(depositor string, weight int64) bool {
	free := c.limit - c.total - weight
	if free < 0 {
		return false
	}
	return c.total+weight <= c.limit/2 || c.by[depositor]+weight <= free
}

// add changes what a depositor holds.
func (c *ceiling) add(depositor string, weight int64) {
	c.total += weight
	if c.by[depositor] += weight; c.by[depositor] <= 0 {
		delete(c.by, depositor)
	}
}
