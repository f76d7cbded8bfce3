package node

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/node/keys"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/identity"
)

// signedRequest drafts an operation and signs it with the words.
func (s *stand) signedRequest(words keys.Words, o KeyOptions) SignedKey {
	s.Helper()
	r, err := s.RequestKey(s.Context(), o)
	s.check(err)
	signed, err := r.Sign(words)
	s.check(err)
	return signed
}

// ownBrand founds a brand on disk whose words the test knows, with one product.
func ownBrand(t *testing.T) (*stand, keys.Words) {
	t.Helper()
	c := newClock()
	n, words, err := Create(t.Context(), c.options(t.TempDir(), nil), testProfile())
	if err != nil {
		t.Fatal(err)
	}
	s := &stand{t, n, c}
	t.Cleanup(func() { s.Close() })
	s.sell(tea("sencha", 900))
	return s, words
}

// killed opens the stand's home anew, as after a kill.
func (s *stand) killed(t *testing.T) {
	t.Helper()
	s.check(s.Close())
	n, err := Open(t.Context(), s.clock.options(s.home, nil))
	s.check(err)
	s.Node = n
}

func TestARevokedKeySignsNothingMore(t *testing.T) {
	s, words := ownBrand(t)
	old, before := s.key, s.current()
	applied, err := s.ApplyKey(t.Context(), s.signedRequest(words, KeyOptions{Revoke: true}))
	s.check(err)
	if applied.Epoch != 1 || applied.Head.Epoch != 1 || s.key.Equal(old) {
		t.Fatalf("%+v", applied)
	}
	log, err := s.store.Identity(t.Context(), s.brand)
	s.check(err)
	if err := catalog.VerifyHead(before, log.State()); err != nil {
		t.Errorf("the last good head: %v", err)
	}
	late := before.Head
	late.Seq++
	theft, err := catalog.SignHead(late, old)
	s.check(err)
	s.wants(catalog.VerifyHead(theft, log.State()), catalog.ErrDisputed)
	s.killed(t)
	s.clock.advance(time.Second)
	_, err = s.SetPrice(t.Context(), "sencha", "5")
	s.check(err)
}

func TestARequestWithoutRevocationKeepsTheEpoch(t *testing.T) {
	s, words := ownBrand(t)
	r, err := s.RequestKey(t.Context(), KeyOptions{})
	s.check(err)
	plan, err := r.Plan()
	s.check(err)
	if plan.EpochTo != 0 || len(plan.Added) != 1 || len(plan.Kept) != 1 || len(plan.Removed) != 0 || plan.LastGood != nil {
		t.Fatalf("%+v", plan)
	}
	signed, err := r.Sign(words)
	s.check(err)
	s.clock.advance(time.Second)
	applied, err := s.ApplyKey(t.Context(), signed)
	s.check(err)
	if applied.Key != plan.Added[0] || applied.Head.ID != applied.Operation || applied.Head.Epoch != 0 {
		t.Errorf("%+v", applied)
	}
}

func TestApplyingAKeyFinishesWhereverItWasKilled(t *testing.T) {
	steps := map[string]func(*stand, SignedKey){
		"before anything": func(*stand, SignedKey) {},
		"operation kept": func(s *stand, k SignedKey) {
			raw, _, _, err := k.open()
			s.check(err)
			_, err = s.store.PutIdentity(s.Context(), s.brand, raw)
			s.check(err)
		},
		"key switched": func(s *stand, k SignedKey) {
			raw, _, op, err := k.open()
			s.check(err)
			_, err = s.store.PutIdentity(s.Context(), s.brand, raw)
			s.check(err)
			id, err := s.keyFor(op)
			s.check(err)
			_, err = keys.Promote(s.home, id)
			s.check(err)
		},
		"all done": func(s *stand, k SignedKey) {
			_, err := s.ApplyKey(s.Context(), k)
			s.check(err)
		},
	}
	for name, until := range steps {
		t.Run(name, func(t *testing.T) {
			s, words := ownBrand(t)
			s.alarm(t)
			signed := s.signedRequest(words, KeyOptions{Revoke: true})
			until(s, signed)
			s.killed(t)
			applied, err := s.ApplyKey(t.Context(), signed)
			s.check(err)
			alarm, err := s.Alarm(t.Context())
			s.check(err)
			if alarm != nil || applied.Head.Epoch != 1 || s.current().CID != applied.Head.CID {
				t.Errorf("alarm %v, %+v", alarm, applied)
			}
			if left, _ := filepath.Glob(filepath.Join(s.home, "pending-*")); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
			s.clock.advance(time.Second)
			_, err = s.SetPrice(t.Context(), "sencha", "5")
			s.check(err)
		})
	}
}

// alarm shows the node a head that its key signed elsewhere.
func (s *stand) alarm(t *testing.T) catalog.SignedHead {
	t.Helper()
	h := s.current().Head
	h.Seq += 7
	theft, err := catalog.SignHead(h, s.key)
	s.check(err)
	s.wants(s.Notice(t.Context(), theft), ErrAlarm)
	return theft
}

func TestHeadsOfAnEpochThatIsOverRaiseNoAlarm(t *testing.T) {
	s, words := ownBrand(t)
	old := s.key
	theft := s.alarm(t)
	_, err := s.ApplyKey(t.Context(), s.signedRequest(words, KeyOptions{Revoke: true}))
	s.check(err)
	for _, seq := range []uint64{theft.Seq - 1, theft.Seq, theft.Seq + 1000} {
		h := theft.Head
		h.Seq, h.Bytes = seq, h.Bytes+1
		late, err := catalog.SignHead(h, old)
		s.check(err)
		if err := s.Notice(t.Context(), late); errors.Is(err, ErrAlarm) {
			t.Errorf("head %d raises an alarm", seq)
		}
	}
}

func TestWordsOfAnotherBrandSignNothing(t *testing.T) {
	s, _ := ownBrand(t)
	_, other := ownBrand(t)
	r, err := s.RequestKey(t.Context(), KeyOptions{})
	s.check(err)
	_, err = r.Sign(other)
	s.wants(err, ErrOtherWords)
}

func TestARequestThatLiesAboutThePastIsRefused(t *testing.T) {
	s, words := ownBrand(t)
	lies := map[string]func(*KeyRequest){
		"no past":        func(r *KeyRequest) { r.Parents = nil },
		"no hex":         func(r *KeyRequest) { r.Parents = []string{"zz"} },
		"another past":   func(r *KeyRequest) { r.Parents[0] = "a0" },
		"another brand":  func(r *KeyRequest) { r.Draft.Brand = protocol.Sum(protocol.DagCBOR, []byte("x")) },
		"another number": func(r *KeyRequest) { r.Draft.N++ },
		"other signers":  func(r *KeyRequest) { r.Draft.Expect = identity.Commitment{1} },
	}
	for name, lie := range lies {
		r, err := s.RequestKey(t.Context(), KeyOptions{})
		s.check(err)
		lie(&r)
		if _, err := r.Sign(words); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAContestedIdentityIsMergedByKeyRequests(t *testing.T) {
	f := newFederation(t)
	brand, words := f.foundWithWords()
	brand.sell(tea("sencha", 900))
	a, b, _ := brand.forks(words)
	for _, op := range [][]byte{a, b} {
		_, err := brand.store.PutIdentity(t.Context(), brand.brand, op)
		brand.check(err)
	}
	brand.check(brand.look(t.Context(), brand.kept.own))
	brand.becomes(brand, Contested)
	r, err := brand.RequestKey(t.Context(), KeyOptions{Revoke: true})
	brand.check(err)
	if plan, err := r.Plan(); err != nil || !plan.Merges || plan.N != 2 {
		t.Fatalf("%+v, %v", plan, err)
	}
	signed, err := r.Sign(words)
	brand.check(err)
	f.clock.advance(time.Second)
	applied, err := brand.ApplyKey(t.Context(), signed)
	brand.check(err)
	if applied.Contested || applied.Head.Epoch != 1 {
		t.Errorf("%+v", applied)
	}
	brand.becomes(brand, Current)
}

func TestAShorterBranchOfTheIdentityIsLengthenedBeforeTheMerge(t *testing.T) {
	f := newFederation(t)
	brand, words := f.foundWithWords()
	brand.sell(tea("sencha", 900))
	a, b, _ := brand.forks(words)
	_, err := brand.store.PutIdentity(t.Context(), brand.brand, a)
	brand.check(err)
	f.clock.advance(time.Second)
	_, err = brand.ApplyKey(t.Context(), brand.signedRequest(words, KeyOptions{})) // a goes on
	brand.check(err)
	_, err = brand.store.PutIdentity(t.Context(), brand.brand, b)
	brand.check(err)
	f.clock.advance(time.Second)
	applied, err := brand.ApplyKey(t.Context(), brand.signedRequest(words, KeyOptions{}))
	brand.check(err)
	if !applied.Contested || applied.N != 2 || applied.Head.CID.Defined() {
		t.Fatalf("%+v", applied)
	}
	f.clock.advance(time.Second)
	applied, err = brand.ApplyKey(t.Context(), brand.signedRequest(words, KeyOptions{}))
	brand.check(err)
	if applied.Contested || applied.N != 3 || applied.Head.ID != applied.Operation {
		t.Fatalf("%+v", applied)
	}
	brand.becomes(brand, Current)
}

func TestANewKeyInTheSameEpochDoesNotEndAnAlarm(t *testing.T) {
	s, words := ownBrand(t)
	s.alarm(t)
	applied, err := s.ApplyKey(t.Context(), s.signedRequest(words, KeyOptions{}))
	s.check(err)
	if alarm, err := s.Alarm(t.Context()); err != nil || alarm == nil || applied.Head.CID.Defined() {
		t.Fatalf("%v, %+v, %v", alarm, applied, err)
	}
	s.clock.advance(time.Second)
	_, err = s.Silence(t.Context())
	s.check(err)
}

func TestWhatIsTrustedOfAKeyThatGoesIsChosen(t *testing.T) {
	s, _ := ownBrand(t)
	good, unknown := s.current(), uint64(5)
	for name, c := range map[string]struct {
		o    KeyOptions
		want *identity.HeadRef
	}{
		"the latest": {KeyOptions{Revoke: true}, new(good.Ref())},
		"by its seq": {KeyOptions{Revoke: true, Since: &good.Seq}, new(good.Ref())},
		"none":       {KeyOptions{Revoke: true, Distrust: true}, nil},
	} {
		r, err := s.RequestKey(t.Context(), c.o)
		s.check(err)
		if got := r.Draft.LastGood; (got == nil) != (c.want == nil) || got != nil && *got != *c.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	_, err := s.RequestKey(t.Context(), KeyOptions{Revoke: true, Since: &unknown})
	s.wants(err, protocol.ErrInvalid)
}

func FuzzKeyFiles(f *testing.F) {
	f.Add([]byte(`{"kind":"stoa key request 1","draft":{"n":1},"parents":["a0"]}`))
	f.Add([]byte(`{"kind":"stoa signed operation 1","signed":"82a0"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := ReadKeyRequest(b); err == nil {
			if _, err := r.Plan(); err != nil {
				t.Errorf("a request was taken that has no plan: %v", err)
			}
		}
		if s, err := ReadSignedKey(b); err == nil {
			_, _, _, _ = s.open() // whatever it says, it ends
		}
	})
}

func TestAThiefIsShutOutEverywhere(t *testing.T) {
	f := newFederation(t)
	mirror := f.found()
	brand := f.prepared(nil, mirror)
	words := brand.create()
	brand.start()
	brand.sell(tea("sencha", 900))
	mirror.follows(brand.brand.String())
	mirror.becomes(brand, Current)
	trusted := brand.current()
	brand.stop()
	thief := brand.twin()
	brand.check(os.Remove(filepath.Join(thief.home, peerKeyFile))) // it has the online key, not the place in the network
	brand.start()
	thief.start()
	f.clock.advance(time.Second)
	if _, err := thief.SetPrice(t.Context(), "sencha", "0.01"); err != nil {
		thief.wants(err, ErrAlarm)
	}
	stolen := thief.current()
	f.eventually("the brand notices", brand.alarmed)
	mirror.becomes(brand, Contested)

	f.clock.advance(time.Second)
	signed := brand.signedRequest(words, KeyOptions{Revoke: true})
	applied, err := brand.ApplyKey(t.Context(), signed)
	brand.check(err)
	if !applied.AlarmOver || brand.alarmed() {
		t.Errorf("the alarm lasts: %+v", applied)
	}
	mirror.at(brand, applied.Head)
	mirror.becomes(brand, Current)
	mirror.shows(brand, "sencha", 900)
	late := thief.current().Head
	late.Seq, late.Epoch, late.ID = late.Seq+1000, 0, late.Brand
	theft, err := catalog.SignHead(late, thief.key)
	thief.check(err)
	_, err = mirror.learn(t.Context(), mirror.kept.get(brand.brand), report{head: theft})
	mirror.wants(err, catalog.ErrDisputed)
	brand.becomes(brand, Current)
	log, err := brand.store.Identity(t.Context(), brand.brand)
	brand.check(err)
	if good := log.State().LastGood; good == nil || good.Seq < trusted.Seq || good.Seq >= stolen.Seq {
		t.Errorf("trusted is %+v, want what was signed from %d on and before the thief's %d", good, trusted.Seq, stolen.Seq)
	}
	f.clock.advance(time.Second)
	head, err := brand.SetPrice(t.Context(), "sencha", "7")
	brand.check(err)
	mirror.at(brand, head)
	mirror.shows(brand, "sencha", 700)
	mirror.becomes(brand, Current)
}
