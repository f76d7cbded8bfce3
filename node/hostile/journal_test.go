package hostile_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
)

// said is a line of a log as far as the tests look at it.
type said struct {
	msg                          string
	brand, peer, verdict, reason string
}

// journal keeps what a node logs: each thing once, and how often it was said.
type journal struct {
	mu    sync.Mutex
	lines map[said]int
	lost  int
}

// maxLines bounds the different lines that are kept.
const maxLines = 20_000

func newJournal() *journal { return &journal{lines: map[said]int{}} }

// Enabled implements slog.Handler.
func (j *journal) Enabled(context.Context, slog.Level) bool { return true }

// WithAttrs implements slog.Handler.
func (j *journal) WithAttrs([]slog.Attr) slog.Handler { return j }

// WithGroup implements slog.Handler.
func (j *journal) WithGroup(string) slog.Handler { return j }

// Handle implements slog.Handler.
func (j *journal) Handle(_ context.Context, r slog.Record) error {
	s := said{msg: r.Message}
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "brand":
			s.brand = a.Value.String()
		case "peer":
			s.peer = a.Value.String()
		case "verdict":
			s.verdict = a.Value.String()
		case "reason":
			s.reason = a.Value.String()
		}
		return true
	})
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, known := j.lines[s]; !known && len(j.lines) >= maxLines {
		j.lost++
		return nil
	}
	j.lines[s]++
	return nil
}

// count returns how often something like want was said: an empty field is any, msg and
// reason are parts.
func (j *journal) count(want said) (n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for s, times := range j.lines {
		if strings.Contains(s.msg, want.msg) && strings.Contains(s.reason, want.reason) &&
			(want.brand == "" || want.brand == s.brand) && (want.peer == "" || want.peer == s.peer) &&
			(want.verdict == "" || want.verdict == s.verdict) {
			n += times
		}
	}
	return n
}

// forget empties the journal.
func (j *journal) forget() {
	j.mu.Lock()
	defer j.mu.Unlock()
	clear(j.lines)
}

// String shows what was said, for a test that fails.
func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []string
	for s, n := range j.lines {
		out = append(out, fmt.Sprintf("%dx %+v", n, s))
	}
	slices.Sort(out)
	return fmt.Sprintf("%d lines were lost\n%s", j.lost, strings.Join(out[:min(len(out), 60)], "\n"))
}

// by says what a log must say of a peer and a brand.
func by(id peer.ID, brand protocol.CID, s said) said {
	s.peer = id.String()
	if brand.Defined() {
		s.brand = brand.String()
	}
	return s
}
