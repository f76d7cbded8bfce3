package catalog

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/trie"
)

func TestHeadSurvivesEncoding(t *testing.T) {
	s := teaShop(t)
	back, err := DecodeHead(must(s.head.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if back.CID != s.head.CID || back.Root != s.root || back.Count != 8 {
		t.Errorf("came back as %+v", back)
	}
	if err := VerifyHead(back, s.log.State()); err != nil {
		t.Error(err)
	}
}

func TestHeadFormIsClosed(t *testing.T) {
	obj := protocol.Sum(protocol.DagCBOR, nil)
	cases := map[string]func(*Head){
		"version 2":            func(h *Head) { h.V = 2 },
		"no brand":             func(h *Head) { h.Brand = protocol.CID{} },
		"raw brand":            func(h *Head) { h.Brand = blob("x") },
		"no operation":         func(h *Head) { h.ID = protocol.CID{} },
		"raw prev":             func(h *Head) { h.Prev = blob("x") },
		"huge seq":             func(h *Head) { h.Seq = protocol.MaxInt + 1 },
		"root of nothing":      func(h *Head) { h.Count, h.Bytes = 0, 0 },
		"no root":              func(h *Head) { h.Root = trie.Hash{} },
		"fewer bytes":          func(h *Head) { h.Bytes = h.Count - 1 },
		"more bytes":           func(h *Head) { h.Bytes = h.Count*protocol.MaxRecord + 1 },
		"before 1970":          func(h *Head) { h.Time = -1 },
		"expired when born":    func(h *Head) { h.Expires = h.Time },
		"lives 72 h and a bit": func(h *Head) { h.Expires = h.Time + MaxLifetime + 1 },
		"heals one":            func(h *Head) { h.Heals = []protocol.CID{obj} },
		"heals one twice":      func(h *Head) { h.Heals = []protocol.CID{obj, obj} },
	}
	s := teaShop(t)
	for name, change := range cases {
		h := s.unsigned()
		change(&h)
		if _, err := h.Encode(); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHeadWithOpenFieldsIsRefused(t *testing.T) {
	payload := must(teaShop(t).unsigned().Encode())
	for name, change := range map[string]func(map[string]any){
		"unknown field": func(m map[string]any) { m["x"] = 1 },
		"null prev":     func(m map[string]any) { m["prev"] = nil },
		"empty heals":   func(m map[string]any) { m["heals"] = []int{} },
		"missing seq":   func(m map[string]any) { delete(m, "seq") },
		"short root":    func(m map[string]any) { m["root"] = []byte{1} },
		"text count":    func(m map[string]any) { m["count"] = "8" },
	} {
		var fields map[string]any
		if err := protocol.Unmarshal(payload, &fields); err != nil {
			t.Fatal(err)
		}
		for _, link := range []string{"brand", "id"} {
			fields[link] = teaShop(t).log.Brand()
		}
		change(fields)
		s := protocol.Sign(protocol.ObjectHead, must(protocol.Marshal(fields)), online("tea"))
		if _, err := DecodeHead(must(s.Encode())); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHeadCountsOneSignature(t *testing.T) {
	payload := must(teaShop(t).unsigned().Encode())
	s := protocol.Sign(protocol.ObjectHead, payload, online("tea"), online("other"))
	if _, err := DecodeHead(must(s.Encode())); !errors.Is(err, protocol.ErrInvalid) {
		t.Error(err)
	}
}

func TestVerifyHeadRefuses(t *testing.T) {
	s := teaShop(t)
	state := s.log.State()
	signed := func(change func(*Head)) SignedHead {
		h := s.unsigned()
		change(&h)
		return must(SignHead(h, online("tea")))
	}
	asIdentity := s.head
	asIdentity.Signed = protocol.Sign(protocol.ObjectIdentity, s.head.Signed.Payload, online("tea"))
	flipped := s.head
	flipped.Signed.Signatures = slices.Clone(flipped.Signed.Signatures)
	flipped.Signed.Signatures[0].Bytes = append([]byte{s.head.Signed.Signatures[0].Bytes[0] ^ 1}, s.head.Signed.Signatures[0].Bytes[1:]...)

	wants(t, VerifyHead(signed(func(h *Head) { h.Brand = newOwner("other", 1).log.Brand() }), state), BrandMismatch)
	wants(t, VerifyHead(signed(func(h *Head) { h.Epoch = 1 }), state), WrongEpoch)
	wants(t, VerifyHead(must(SignHead(s.unsigned(), online("thief"))), state), HeadSignature)
	wants(t, VerifyHead(asIdentity, state), HeadSignature)
	wants(t, VerifyHead(flipped, state), HeadSignature)
	unknown := signed(func(h *Head) { h.ID = protocol.Sum(protocol.DagCBOR, nil) })
	if err := VerifyHead(unknown, state); !errors.Is(err, ErrUnknownOperation) || errors.Is(err, protocol.ErrInvalid) {
		t.Errorf("unknown operation: %v", err)
	}
}

func TestRevokedKeyKeepsWhatWasGood(t *testing.T) {
	s := teaShop(t)
	good := s.head
	late := s.unsigned()
	late.Seq++
	theft := must(SignHead(late, online("tea")))
	ref := good.Ref()
	s.do(s.log.State().Draft(noon).Revoke(&ref, good.Signer()).Add(protocol.PublicKeyOf(online("tea 2"))))

	if err := VerifyHead(good, s.log.State()); err != nil {
		t.Errorf("the last good head: %v", err)
	}
	err := VerifyHead(theft, s.log.State())
	wants(t, err, HeadDisputed)
	if !errors.Is(err, ErrDisputed) {
		t.Error(err)
	}
	s.sign(online("tea 2"))
	if err := VerifyHead(s.head, s.log.State()); err != nil || s.head.Compare(theft.Head) <= 0 {
		t.Errorf("the head of the new epoch: %v", err)
	}
}

func TestFreshness(t *testing.T) {
	s := teaShop(t)
	at := func(epoch, seq uint64, time protocol.Millis) SignedHead {
		h := s.unsigned()
		h.Epoch, h.Seq, h.Time, h.Expires = epoch, seq, time, time+MaxLifetime
		return must(SignHead(h, online("tea")))
	}
	base := uint64(noon)
	highest := at(1, base, noon)
	cases := []struct {
		name string
		head SignedHead
		seen *SignedHead
		want Verdict
	}{
		{"first of all", highest, nil, Newer},
		{"the same again", highest, &highest, Same},
		{"next seq", at(1, base+1, noon), &highest, Newer},
		{"rollback", at(1, base-1, noon), &highest, Older},
		{"higher seq of an older epoch", at(0, base+9, noon), &highest, Older},
		{"lower seq of a newer epoch", at(2, 1, noon), &highest, Newer},
		{"twin", at(1, base, noon+1), &highest, Conflicting},
		{"five minutes ahead", at(1, base+1, noon+MaxAhead), &highest, Newer},
		{"more than five minutes ahead", at(1, base+1, noon+MaxAhead+1), &highest, Future},
		{"seq a day ahead", at(1, base+uint64(MaxSeqAhead), noon), &highest, Newer},
		{"seq more than a day ahead", at(1, base+uint64(MaxSeqAhead)+1, noon), &highest, FastForward},
	}
	for _, c := range cases {
		if got := Check(c.head, c.seen, noon); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestContestEndsByHealingOrByEpoch(t *testing.T) {
	s := teaShop(t)
	sign := func(change func(*Head)) SignedHead {
		h := s.unsigned()
		change(&h)
		return must(SignHead(h, online("tea")))
	}
	c := Contest{sign(func(*Head) {}), sign(func(h *Head) { h.Time++ })}
	later := func(h Head) Head { h.Seq++; return h }
	other := protocol.Sum(protocol.DagCBOR, []byte("other"))
	for name, want := range map[string]struct {
		ends bool
		head Head
	}{
		"a later head":            {false, later(s.unsigned())},
		"one that heals both":     {true, later(s.unsigned()).Healing(c.Second.CID, c.First.CID)},
		"one that heals three":    {true, later(s.unsigned()).Healing(c.Second.CID, other, c.First.CID)},
		"one that heals another":  {false, later(s.unsigned()).Healing(c.First.CID, other)},
		"one that heals in place": {false, s.unsigned().Healing(c.First.CID, c.Second.CID)},
		"one of a higher epoch":   {true, func() Head { h := s.unsigned(); h.Epoch, h.Seq = 1, 0; return h }()},
	} {
		if got := c.EndedBy(must(SignHead(want.head, online("tea")))); got != want.ends {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestExpiry(t *testing.T) {
	h := teaShop(t).head
	if h.Expired(h.Expires-1) || !h.Expired(h.Expires) {
		t.Error("a head expires at Expires, not before")
	}
}

// A brand whose clock jumps about signs heads that a reader with a right clock
// either takes as newer or refuses for being ahead, never as older or twins.
func TestHeadsOfOneNodeOnlyRise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		state := identity.State{Brand: protocol.Sum(protocol.DagCBOR, []byte("b")), Governing: protocol.Sum(protocol.DagCBOR, []byte("o"))}
		var last *SignedHead
		clock, epoch := noon, uint64(0)
		for range rapid.IntRange(1, 30).Draw(t, "heads") {
			clock += protocol.Millis(rapid.Int64Range(-30*3600*1000, 30*3600*1000).Draw(t, "clock"))
			epoch += uint64(rapid.IntRange(0, 1).Draw(t, "epoch"))
			h, err := Next(last, epoch, clock)
			if errors.Is(err, ErrClock) {
				if clock+MaxSeqAhead > protocol.Millis(last.Seq) {
					t.Fatalf("refused to sign at %d after %d", clock, last.Seq)
				}
				continue
			}
			h.Brand, h.ID = state.Brand, state.Governing
			signed := must(SignHead(h, online("tea")))
			if got := Check(signed, last, clock); got != Newer {
				t.Fatalf("%s after %+v: %+v", got, last, h)
			}
			last = &signed
		}
	})
}

func TestTwoNodesWithOneKeyBothShowTheContest(t *testing.T) {
	s := newShop("tea")
	sign := func(h Head) SignedHead { return must(SignHead(h, online("tea"))) }
	sooner := s.head
	copied := must(Next(&sooner, 0, noon+1000))
	copied.Brand, copied.ID, copied.Root, copied.Count, copied.Bytes = s.head.Brand, s.head.ID, s.head.Root, s.head.Count, s.head.Bytes
	other := sign(copied)
	own := sign(must(Contesting(sooner, other, noon+500)))
	for _, pair := range [][2]SignedHead{{own, other}, {other, own}} {
		if got := Check(pair[0], &pair[1], noon+2000); got != Conflicting {
			t.Errorf("%s", got)
		}
	}
	if _, err := Contesting(other, own, noon); !errors.Is(err, ErrNoContest) {
		t.Errorf("contests what is at its own place: %v", err)
	}
	healed := must(Next(&own, 0, noon))
	healed.Brand, healed.ID, healed.Root, healed.Count, healed.Bytes = own.Brand, own.ID, own.Root, own.Count, own.Bytes
	if !(Contest{other, own}).EndedBy(sign(healed.Healing(own.CID, other.CID))) {
		t.Error("the contest goes on")
	}
}
