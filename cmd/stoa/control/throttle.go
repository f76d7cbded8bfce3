package control

import (
	"time"

	"github.com/stoa-commerce/stoa/node"
)

// progressEvery is how often progress is told, at most.
const progressEvery = 100 * time.Millisecond

// throttle passes on the first progress of every phase and then one in a while.
func throttle(tell func(node.Progress)) func(node.Progress) {
	var phase string
	var last time.Time
	return func(p node.Progress) {
		if p.Phase == phase && time.Since(last) < progressEvery && p.Done != p.Total {
			return
		}
		phase, last = p.Phase, time.Now()
		tell(p)
	}
}
