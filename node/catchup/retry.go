package catchup

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// maxTries is how often in vain a request is made to a peer that is busy or cuts
// off.
const maxTries = 4

// persist runs one request until it succeeds, and waits where the peer asks for
// it. try counts in t and goes on where it left off.
func (c *Client) persist(ctx context.Context, t *tally, try func() error) error {
	for n := 1; ; n++ {
		before := t.pages
		err := try()
		if t.pages > before {
			n = 1
		}
		after, busy := retryable(err)
		if err == nil || !busy && !isCut(err) || n == maxTries || ctx.Err() != nil {
			return err
		}
		if err := sleep(ctx, backoff(n, after)); err != nil {
			return err
		}
	}
}

// isCut reports whether an answer didn't come, or not to its end, and no time was
// lost in waiting for it.
func isCut(err error) bool {
	var s *StatusError
	return errors.Is(err, ErrUnavailable) && !errors.As(err, &s) && !isStall(err)
}

// The pauses before the same peer is asked again.
const (
	minBackoff = 50 * time.Millisecond
	maxBackoff = 10 * time.Second
)

// backoff is how long to wait after n failures in a row: what the peer asked for,
// or ever longer; with jitter, so that those turned away together don't come back
// together.
func backoff(n int, after time.Duration) time.Duration {
	if after == 0 {
		after = 100 * time.Millisecond << min(n, 6)
	}
	after = min(max(after, minBackoff), maxBackoff)
	return after + rand.N(after/2+time.Millisecond)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
