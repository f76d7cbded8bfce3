package gossip

import (
	"context"
	"log/slog"
	"maps"
	"sync"

	"github.com/libp2p/go-libp2p/core/peer"
)

// scores holds what the transport last said of its peers.
type scores struct {
	mu sync.Mutex
	of map[peer.ID]float64
}

func (s *scores) set(of map[peer.ID]float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of = maps.Clone(of)
}

// Score returns how the transport rates a peer, at most a second old: below 0 it
// is in nobody's mesh, below −2500 it isn't listened to. 0 if nothing is known.
func (g *Gossip) Score(id peer.ID) float64 {
	g.scores.mu.Lock()
	defer g.scores.mu.Unlock()
	return g.scores.of[id]
}

// atLeast lets only messages of a level and above through.
type atLeast struct {
	slog.Handler
	level slog.Level
}

func (h atLeast) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= h.level && h.Handler.Enabled(ctx, level)
}

func (h atLeast) WithAttrs(attrs []slog.Attr) slog.Handler {
	return atLeast{h.Handler.WithAttrs(attrs), h.level}
}

func (h atLeast) WithGroup(name string) slog.Handler {
	return atLeast{h.Handler.WithGroup(name), h.level}
}
