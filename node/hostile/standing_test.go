package hostile_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/node"
	"github.com/stoa-commerce/stoa/node/hostile"
	"github.com/stoa-commerce/stoa/node/keys"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// alone has a new mirror join that knows nobody.
func (s *scene) alone() {
	s.Helper()
	s.mirror.stop()
	s.mirror = s.prepare("Street")
	s.mirror.start()
}

// restarts the mirror, which then stays connected to others.
func (s *scene) restart(peers ...string) {
	s.Helper()
	s.mirror.stop()
	s.mirror.net.Peers = peers
	s.mirror.start()
}

// A rollback is only found out by who knew better.
func TestAnOldCatalogIsShownToNobodyWhoKnewANewerOne(t *testing.T) {
	s := newScene(t)
	p := s.copycat()
	first := s.edits1()
	_, err := s.shelves.offer(s.brand.Brand()) // remembered
	s.check(err)
	evil := rollback(s)
	s.edits1()
	p.Do(evil)
	s.alone()
	s.mirror.follows(p.Addr())
	s.eventually("the old catalog is shown to who knows no better", func() bool { return s.mirror.price(s.brand.Brand()) == first })

	s.restart(s.brand.addr(), p.Addr())
	s.same()
	s.restart(p.Addr()) // alone with it again
	s.eventually("it is asked again", func() bool { n := p.Asked("head"); return n > 3 })
	s.same()
	if s.mirror.price(s.brand.Brand()) == first {
		t.Error("the old price is back")
	}
	s.restart(s.brand.addr())
	s.edits()
	s.same()
}

// edits1 has the brand change a price and returns it, without waiting for anybody.
func (s *scene) edits1() int64 {
	s.Helper()
	s.prices++
	_, err := s.brand.SetPrice(s.Context(), "tea-00", price(s.prices))
	s.check(err)
	return int64(100 * s.prices)
}

// A thief of the online key signs beside the brand's own node: what it signs may be
// shown, as from the brand, and the contest is plain to all until the owner takes the
// key away.
func TestWhatAThiefOfTheOnlineKeySignsEndsWithTheKey(t *testing.T) {
	for name, steal := range map[string]func(*scene, *hostile.Brand) [][]byte{
		"two heads at one place": equivocation,
		"seq hours ahead":        fastForward,
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t).followed()
			thief := s.thief()
			_, g := s.gossips()
			s.check(g.Publish(steal(s, thief)...))
			s.stands(node.Contested)
			s.eventually("the brand's own node notices", func() bool {
				alarm, err := s.brand.Alarm(t.Context())
				return err == nil && alarm != nil
			})
			if _, err := s.brand.SetPrice(t.Context(), "tea-00", "1"); err == nil {
				t.Error("it goes on signing")
			}
			s.rotate()
			s.edits()
			s.same()
			s.stands(node.Current)
			late := s.bent(thief, asItIs) // the key is worth nothing any more
			_ = g.Publish(late)
			s.edits()
			s.same()
			s.stands(node.Current)
		})
	}
}

func equivocation(s *scene, thief *hostile.Brand) (out [][]byte) {
	at := s.clock.millis()
	for i := range 2 {
		out = append(out, s.bent(thief, func(h *catalog.Head) {
			h.Seq, h.Time = uint64(at)+500, at
			h.Expires = at + 1_000_000 + protocol.Millis(i)
		}))
	}
	return out
}

func fastForward(s *scene, thief *hostile.Brand) [][]byte {
	return [][]byte{s.bent(thief, func(h *catalog.Head) { h.Seq += 20 * 3_600_000 })}
}

// rotate does what the owner does whose key was stolen: with the recovery words the
// online key is replaced, and the alarm is ended.
func (s *scene) rotate() {
	s.Helper()
	m := s.brand
	m.stop()
	old := must(keys.LoadOnline(m.home))
	s.check(os.Remove(filepath.Join(m.home, "online.key")))
	fresh := must(keys.CreateOnline(m.home, rand.Reader))
	m.start()
	log := s.identity()
	state := log.State()
	draft := state.Draft(s.clock.millis()).Add(protocol.PublicKeyOf(fresh)).Revoke(nil, protocol.PublicKeyOf(old).ID())
	next := must(m.words.Signers(state.N + 2).Commitment())
	op := must(draft.Op(m.words.Signers(state.N+1), next))
	signed := must(op.Sign(m.words.Root(state.N + 1)))
	_, err := m.Store().PutIdentity(s.Context(), m.Brand(), must(signed.Encode()))
	s.check(err)
	s.shelves.s = m.Store()
	_, err = m.Silence(s.Context())
	s.check(err)
}

// A brand of its own contests itself: it is shown so, and costs nobody else anything.
func TestABrandThatSignsTwoHeadsAtOnePlaceIsContested(t *testing.T) {
	s := newScene(t).followed()
	b, offer := s.madeUp("twofaced", nil)
	p := s.serves(offer)
	st := s.mirror.follows(p.Addr())
	if st.Brand != b.ID() || st.State == node.Contested {
		t.Fatalf("%+v", st)
	}
	h := b.Last.Head
	h.Expires--
	rival := must(b.Sign(h))
	g, err := p.Gossip(t.Context(), s.mirror.addr())
	s.check(err)
	s.check(g.Publish(must(b.Announce(rival))))
	s.eventually("the brand is contested", func() bool {
		st, err := s.mirror.Mirror(t.Context(), b.ID())
		return err == nil && st.State == node.Contested && st.Reason != ""
	})
	s.mirror.logs(by(p.Host.ID(), b.ID(), said{msg: "contest"}))
	s.mirror.logs(by(p.Host.ID(), b.ID(), verdict(wire.Accept, wire.Contested)))
	s.edits()
	s.unharmed()
}

// A brand whose head has expired is shown as expired, by whoever it is served.
func TestAnExpiredHeadIsShownAsExpired(t *testing.T) {
	s := newScene(t).followed()
	b, offer := s.madeUp("asleep", func(h *catalog.Head) {
		h.Time -= 80 * 3_600_000
		h.Seq = uint64(h.Time)
		h.Expires = h.Time + catalog.MaxLifetime
	})
	p := s.serves(offer)
	s.mirror.follows(p.Addr())
	s.eventually("the brand is expired", func() bool {
		st, err := s.mirror.Mirror(t.Context(), b.ID())
		return err == nil && st.State == node.Expired && st.Reason != ""
	})
	s.edits()
	s.unharmed()
}

// The honest brand falls silent: its mirror says so when its head expires, and takes
// up again when it is back.
func TestABrandThatFellSilentIsShownAsExpiredUntilItIsBack(t *testing.T) {
	s := newScene(t).followed()
	p := s.copycat()
	_, err := s.shelves.offer(s.brand.Brand())
	s.check(err)
	p.Do(rollback(s))
	s.mirror.follows(p.Addr())
	s.brand.stop()
	s.clock.advance(80 * time.Hour)
	s.stands(node.Expired)
	s.brand.start()
	s.shelves.s = s.brand.Store()
	s.restart(s.brand.addr())
	s.edits()
	s.stands(node.Current)
}
