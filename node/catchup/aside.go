package catchup

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

const (
	// asideTime is how long a peer that was silent or cut off is asked after others.
	asideTime = 5 * time.Minute
	// maxAside is how many such peers are remembered.
	maxAside = 256
)

// aside remembers peers that kept somebody waiting for nothing. It is safe for
// concurrent use.
type aside struct {
	mu    sync.Mutex
	until map[peer.ID]time.Time
}

// put remembers a peer, and forgets the one put here longest ago if there are too many.
func (a *aside) put(p peer.ID, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.until == nil {
		a.until = map[peer.ID]time.Time{}
	}
	a.until[p] = now.Add(asideTime)
	if len(a.until) <= maxAside {
		return
	}
	oldest := p
	for id, until := range a.until {
		if until.Before(a.until[oldest]) {
			oldest = id
		}
	}
	delete(a.until, oldest)
}

func (a *aside) has(p peer.ID, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	until, ok := a.until[p]
	if ok && now.After(until) {
		delete(a.until, p)
		return false
	}
	return ok
}

// Rank returns the peers in their order, but last those that were lately silent, too
// slow, or cut off what they were asked for.
func (c *Client) Rank(peers []peer.ID) []peer.ID {
	now := time.Now()
	var last []peer.ID
	first := slices.DeleteFunc(slices.Clone(peers), func(p peer.ID) bool {
		if !c.aside.has(p, now) {
			return false
		}
		last = append(last, p)
		return true
	})
	return append(first, last...)
}

// setAside remembers a peer if its failure is one of silence.
func (c *Client) setAside(p peer.ID, err error) {
	if isSilence(err) {
		c.aside.put(p, time.Now())
	}
}

// isSilence reports whether a peer didn't answer, or not to the end, and didn't say
// why.
func isSilence(err error) bool {
	var s *StatusError
	return errors.Is(err, ErrUnavailable) && !errors.As(err, &s) && !isLie(err)
}
