package node

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/node/keys"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/identity"
)

// twin copies the home of a stopped node to another place and returns it as a second
// node, connected to the same peers.
func (m *member) twin() *member {
	m.f.Helper()
	t := &member{f: m.f, home: filepath.Join(m.f.TempDir(), "copy"), net: m.net}
	m.check(os.CopyFS(t.home, os.DirFS(m.home)))
	for _, secret := range []string{"online.key", peerKeyFile} {
		m.check(os.Chmod(filepath.Join(t.home, secret), 0o600))
	}
	return t
}

func (m *member) alarmed() bool {
	alarm, err := m.Alarm(m.f.Context())
	return err == nil && alarm != nil
}

func TestACopiedHomeIsNoticedOnBothSidesAndCured(t *testing.T) {
	f := newFederation(t)
	mirror := f.found()
	brand := f.foundOn(nil, mirror)
	brand.sell(tea("sencha", 900))
	mirror.follows(brand.brand.String())
	mirror.becomes(brand, Current)
	brand.stop()
	other := brand.twin()
	brand.start()
	other.start()
	f.clock.advance(time.Second)
	_, err := brand.SetPrice(t.Context(), "sencha", "1")
	if err != nil {
		brand.wants(err, ErrAlarm) // it has noticed already
	}
	f.clock.advance(time.Second)
	if _, err := other.SetPrice(t.Context(), "sencha", "2"); err != nil {
		other.wants(err, ErrAlarm) // it has noticed already
	}
	f.eventually("one notices", func() bool { return brand.alarmed() || other.alarmed() })
	f.eventually("both notice", func() bool { return brand.alarmed() && other.alarmed() })
	mirror.becomes(brand, Contested)
	for _, m := range []*member{brand, other} {
		m.becomes(m, Contested) // their own pages
	}

	other.stop() // the owner decides for one of them
	f.clock.advance(time.Second)
	_, err = brand.Silence(t.Context())
	brand.check(err)
	_, err = brand.SetPrice(t.Context(), "sencha", "3")
	brand.check(err)
	mirror.shows(brand, "sencha", 300)
	mirror.becomes(brand, Current)
	if st, err := brand.Mirror(t.Context(), brand.brand); err != nil || st.State != Current {
		t.Errorf("own pages: %+v, %v", st, err)
	}
}

// forks signs two operations on a brand's genesis, each by another owner's hand.
func (m *member) forks(words keys.Words) (a, b []byte, merge func() []byte) {
	m.f.Helper()
	log := m.logOf(m)
	genesis := log.State().Governing
	next, err := words.Signers(2).Commitment()
	m.check(err)
	sign := func(d identity.Draft, n uint64, next identity.Commitment) []byte {
		op, err := d.Op(words.Signers(n), next)
		m.check(err)
		signed, err := op.Sign(words.Root(n))
		m.check(err)
		raw, err := signed.Encode()
		m.check(err)
		return raw
	}
	for i, out := range []*[]byte{&a, &b} {
		d, err := log.Extend(genesis, m.millis()+protocol.Millis(i))
		m.check(err)
		*out = sign(d, 1, next)
	}
	merge = func() []byte {
		forked := m.logOf(m)
		tips := forked.State().Tips
		d, err := forked.Merge(tips[0], tips[1], m.millis())
		m.check(err)
		last, err := words.Signers(3).Commitment()
		m.check(err)
		return sign(d, 2, last)
	}
	return a, b, merge
}

func TestAForkOfTheIdentityIsShownUntilItIsMerged(t *testing.T) {
	f := newFederation(t)
	brand, words := f.foundWithWords()
	brand.sell(tea("sencha", 900))
	mirror := f.found()
	mirror.follows(brand.addr())
	mirror.becomes(brand, Current)
	a, b, merge := brand.forks(words)
	_, err := brand.Store().PutIdentity(t.Context(), brand.brand, a)
	brand.check(err)
	_, err = mirror.Store().PutIdentity(t.Context(), brand.brand, b) // it met the other branch first
	mirror.check(err)
	mirror.check(mirror.look(t.Context(), mirror.kept.get(brand.brand)))
	f.clock.advance(time.Second)
	_, err = brand.Resign(t.Context()) // names the operation of its own branch
	brand.check(err)
	mirror.becomes(brand, Contested)
	f.eventually("the brand's node learns of the fork", func() bool {
		st, err := brand.Mirror(t.Context(), brand.brand)
		return err == nil && st.State == Contested
	})
	if mirror.price(brand, "sencha") != 900 {
		t.Error("the shop is no longer shown")
	}

	_, err = brand.Store().PutIdentity(t.Context(), brand.brand, merge())
	brand.check(err)
	brand.check(brand.look(t.Context(), brand.kept.own))
	f.clock.advance(time.Second)
	head, err := brand.SetPrice(t.Context(), "sencha", "5")
	brand.check(err)
	mirror.at(brand, head)
	mirror.becomes(brand, Current)
}

func TestARevokedKeyIsSeenAtTheMirror(t *testing.T) {
	f := newFederation(t)
	brand, words := f.foundWithWords()
	brand.sell(tea("sencha", 900))
	good := brand.current()
	mirror := f.found()
	mirror.follows(brand.addr())
	mirror.becomes(brand, Current)
	f.clock.advance(time.Second)
	stolen, err := brand.SetPrice(t.Context(), "sencha", "0.01") // by a thief, let us say
	brand.check(err)
	mirror.at(brand, stolen)

	log := mirror.logOf(brand)
	ref := good.Ref()
	fresh, err := keys.CreateOnline(t.TempDir(), rand.Reader)
	brand.check(err)
	draft := log.State().Draft(brand.millis()).Add(protocol.PublicKeyOf(fresh)).Revoke(&ref, stolen.Signer())
	next, err := words.Signers(2).Commitment()
	brand.check(err)
	op, err := draft.Op(words.Signers(1), next)
	brand.check(err)
	signed, err := op.Sign(words.Root(1))
	brand.check(err)
	m := mirror.kept.get(brand.brand)
	mirror.check(mirror.learnIdentity(t.Context(), m, []protocol.Signed{signed}))
	if st := mirror.state(brand); st.State != Contested {
		t.Errorf("%+v", st)
	}
	h, err := catalog.Next(nil, 1, brand.millis())
	brand.check(err)
	h.Brand, h.ID, h.Root, h.Count, h.Bytes = brand.brand, signed.ID(), good.Root, good.Count, good.Bytes
	again, err := catalog.SignHead(h, fresh)
	brand.check(err)
	verdict, err := mirror.learn(t.Context(), m, report{head: again})
	if err != nil || verdict != catalog.Newer {
		t.Errorf("a head of the new epoch: %s, %v", verdict, err)
	}
}
