package node

import (
	"cmp"
	"maps"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// maxHolders is how many peers are remembered that have a brand's catalog.
const maxHolders = 32

// hearsay is who said what of a brand's highest head, and when. mirror.mu guards it.
type hearsay struct {
	homes   []peer.AddrInfo  // the brand's own nodes: those of its signed profile, else where it was found
	present map[peer.ID]bool // homes that are connected and have said since then what is the highest
	met     bool             // a home has spoken, ever
	home    protocol.Millis  // when one last did
	any     protocol.Millis  // when anybody last did
	signed  protocol.Millis  // when the newest head came that was signed about then
	behind  protocol.Millis  // since when a newer head is known than is here, 0: none is
	holders map[peer.ID]holder
	hints   []string // of the last announcement
}

// holder is what a peer said of a brand.
type holder struct {
	epoch, seq uint64
	at         protocol.Millis
	verified   bool            // it gave the signed head
	logged     protocol.Millis // when it was last noted that the head is an older one
}

// compare orders by place; at one place whoever gave the head is above who only says
// to have it.
func (h holder) compare(o holder) int {
	return cmp.Or(cmp.Compare(h.epoch, o.epoch), cmp.Compare(h.seq, o.seq), compareBools(h.verified, o.verified), cmp.Compare(h.at, o.at))
}

// compareBools puts true above false.
func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func newHearsay() hearsay {
	return hearsay{present: map[peer.ID]bool{}, holders: map[peer.ID]holder{}}
}

// homesOf reads the addresses of a brand's own nodes: as its profile says, else where
// it was found.
func homesOf(signed, found []string) []peer.AddrInfo {
	if homes := addrInfos(signed); len(homes) > 0 {
		return homes
	}
	return addrInfos(found)
}

func (h *hearsay) isHome(id peer.ID) bool {
	return slices.ContainsFunc(h.homes, func(i peer.AddrInfo) bool { return i.ID == id })
}

// says notes that a peer gave a head that was verified.
func (h *hearsay) says(id peer.ID, head catalog.Head, now protocol.Millis) {
	if id != "" {
		h.holds(id, holder{epoch: head.Epoch, seq: head.Seq, at: now, verified: true})
	}
}

// holds notes what a peer has. Who only claims something makes nobody forgotten who
// gave a head.
func (h *hearsay) holds(id peer.ID, what holder) {
	was, known := h.holders[id]
	if !known && len(h.holders) >= maxHolders {
		oldest := h.oldest()
		if h.holders[oldest].verified && !what.verified {
			return
		}
		delete(h.holders, oldest)
	}
	what.verified = what.verified || was.verified && was.epoch == what.epoch && was.seq == what.seq
	what.logged = was.logged
	h.holders[id] = what
}

// olderPause is how long it isn't noted again that a peer is at an older head.
const olderPause protocol.Millis = 60_000

// notesOlder reports whether it is to be noted that a peer is at an older head.
func (h *hearsay) notesOlder(id peer.ID, now protocol.Millis) bool {
	who, known := h.holders[id]
	if !known || who.logged > now-olderPause {
		return false
	}
	who.logged = now
	h.holders[id] = who
	return true
}

// oldest returns who spoke longest ago, of those who only claim something if there are
// any.
func (h *hearsay) oldest() peer.ID {
	return slices.MinFunc(slices.Collect(maps.Keys(h.holders)), func(a, b peer.ID) int {
		x, y := h.holders[a], h.holders[b]
		return cmp.Or(compareBools(x.verified, y.verified), cmp.Compare(x.at, y.at))
	})
}

// confirmed notes that a peer took the highest head for the highest.
func (h *hearsay) confirmed(id peer.ID, now protocol.Millis) {
	h.any = max(h.any, now)
	if h.isHome(id) {
		h.met, h.home = true, max(h.home, now)
		h.present[id] = true
	}
}

// left notes that a peer is no longer connected.
func (h *hearsay) left(id peer.ID, now protocol.Millis) {
	if h.present[id] {
		h.home = max(h.home, now)
		delete(h.present, id)
	}
}

// noteBehind keeps since when a newer head is known than is here.
func (h *hearsay) noteBehind(behind bool, now protocol.Millis) {
	switch {
	case !behind:
		h.behind = 0
	case h.behind == 0:
		h.behind = now
	}
}

// last returns when the state shown was last confirmed by the brand: now while one of
// its nodes is connected. A brand whose nodes were never met is known through others.
func (h *hearsay) last(now protocol.Millis) protocol.Millis {
	switch {
	case len(h.present) > 0:
		return now
	case h.met:
		return max(h.home, h.signed)
	}
	return max(h.any, h.signed)
}
