package catchup

import (
	"errors"
	"fmt"
	"os"
	"time"
)

const (
	// paceGrace is how long may be waited for an item in all, however little of it
	// comes.
	paceGrace = 10 * time.Second
	// minPace is how many bytes a second must come beyond that, on average: what an
	// item takes at most follows from its size.
	minPace = 4 << 10
)

// errSlow counts as silence.
var errSlow = fmt.Errorf("slower than %d bytes a second: %w", minPace, os.ErrDeadlineExceeded)

// pace holds an item to the lowest rate, over all requests that it takes. Only the
// time that is spent in waiting counts, from the first frame on.
type pace struct {
	first  time.Duration // to wait for the first frame of all; 0: as long as for the others
	waited time.Duration
	read   int64 // bytes
}

// left returns how long may still be waited if nothing comes.
func (p *pace) left(grace time.Duration) time.Duration {
	return grace + time.Duration(p.read)*time.Second/minPace - p.waited
}

// paced reads one frame of an answer.
type paced struct {
	*incoming
	until time.Time // when the frame must be there
}

// Read implements io.Reader.
func (r paced) Read(b []byte) (int, error) {
	t, now, until := r.tally, time.Now(), r.until
	if t.frames > 0 {
		left := t.left(r.client.grace)
		if left <= 0 {
			return 0, errSlow
		}
		if end := now.Add(left); end.Before(until) {
			until = end
		}
	}
	if err := r.stream.SetReadDeadline(until); err != nil {
		return 0, err
	}
	n, err := r.stream.Read(b)
	t.read += int64(n)
	if t.frames > 0 {
		t.waited += time.Since(now)
		if isStall(err) && t.left(r.client.grace) <= 0 {
			err = errors.Join(errSlow, err)
		}
	}
	return n, err
}
