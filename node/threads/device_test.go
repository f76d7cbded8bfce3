package threads

import (
	"crypto/ed25519"
	"crypto/rand"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
)

// twin makes another browser of the shopper's, certified by a key, without any secret.
func (x *shopper) twin(by ed25519.PrivateKey) (*shopper, [][]byte) {
	x.s.Helper()
	_, device, _ := ed25519.GenerateKey(rand.Reader)
	cert, err := thread.Certificate{Thread: x.id(), Key: protocol.PublicKeyOf(device), Kind: thread.KindDevice, Time: x.s.millis()}.Sign(by)
	x.s.check(err)
	g, err := thread.OpenGenesis(x.genesis)
	x.s.check(err)
	y := &shopper{s: x.s, identity: x.identity, genesis: x.genesis, who: x.who, chain: thread.NewChain(g), pen: thread.Pen{Key: device, Thread: x.id()}}
	return y, [][]byte{cert}
}

// join asks for the present secret.
func (x *shopper) join(certs [][]byte) error {
	x.s.Helper()
	enc, roots, err := thread.Encapsulate(x.s.brand, x.s.prekey, x.s.public)
	x.s.check(err)
	raw, id, err := thread.Join{Thread: x.id(), Prekey: x.s.prekey, Enc: enc, Time: x.s.millis()}.Sign(x.pen.Key)
	x.s.check(err)
	a, err := x.s.Join(x.s.Context(), x.who, x.id(), wire.JoinRequest{Join: raw, Certs: certs})
	if err != nil {
		return err
	}
	e, err := thread.DecodeEnvelope(a.Welcome)
	x.s.check(err)
	if e.Join != id {
		x.s.Fatalf("the welcome answers %s", e.Join)
	}
	p, err := e.Open(thread.JoinSecret(roots.Root, x.id()))
	x.s.check(err)
	w := p.(*thread.WelcomeParcel)
	x.epoch, x.secret, x.write = w.Epoch, w.Secret, w.Write
	return nil
}

func (x *shopper) rekey() []byte {
	x.s.Helper()
	enc, roots, err := thread.Encapsulate(x.s.brand, x.s.prekey, x.s.public)
	x.s.check(err)
	e := x.draft(thread.KindRekey, &thread.Rekey{Prekey: x.s.prekey, Enc: enc})
	x.epoch, x.secret = x.epoch+1, thread.NextEpoch(x.secret, roots.Root, x.id())
	return e
}

func (s *stand) key32(x *shopper) [32]byte { return [32]byte(protocol.PublicKeyOf(x.pen.Key).Bytes()) }

func TestTwoBrowsersOfOneShopperConverge(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	x.first(x.text("from the phone"))
	y, certs := x.twin(x.identity)
	s.check(y.join(certs))
	y.read()
	y.has("text")
	silent := *y
	s.states(y.post(silent.text("before it came in")), refusedStranger)
	s.states(y.post(y.draft(thread.KindDeviceAdd, &thread.DeviceAdd{Certs: certs}), y.order()), "committed", "committed")
	s.states(x.post(x.text("and again")), "committed")
	y.read()
	x.read()
	x.has("text", "dev.add", "order", "order.number", "text")
	y.has(x.kinds()...)
}

func TestADeviceWithoutCertificateIsNotLetIn(t *testing.T) {
	s := newStand(t, 5)
	x, z := s.visit(), s.visit()
	x.first(x.text("hello"))
	y, certs := x.twin(z.identity)
	s.wants(y.join(certs), wire.ErrNotAllowed)
	s.wants(y.join(nil), wire.ErrNotAllowed)
	_, own := x.twin(x.identity)
	s.wants(y.join(own), wire.ErrNotAllowed) // another device's certificate
}

func TestARemovedDeviceNeitherReadsNorWritesNorComesBack(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	x.first(x.text("hello"))
	y, certs := x.twin(x.identity)
	s.check(y.join(certs))
	y.read()
	y.post(y.draft(thread.KindDeviceAdd, &thread.DeviceAdd{Certs: certs}))
	x.read()
	s.states(x.post(x.draft(thread.KindDeviceDel, &thread.DeviceDel{Device: s.key32(y)})), "committed")
	s.states(x.post(y.text("me again")), thread.RefusedRemoved)
	_, err := s.Read(t.Context(), y.id(), y.request(), 0)
	s.wants(err, wire.ErrNotAllowed)
	s.wants(y.join(certs), wire.ErrNotAllowed)
}

func TestTheLinkThatTheBrandMailsLetsADeviceIn(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	_, link, _ := ed25519.GenerateKey(rand.Reader)
	cert, err := thread.Certificate{Thread: x.id(), Key: protocol.PublicKeyOf(link), Kind: thread.KindLink, Time: s.millis()}.Sign(x.identity)
	s.check(err)
	callback := &thread.Callback{Email: "ann@example.org", On: []string{"reply"}, Link: link.Seed(), LinkCert: cert, Gateway: "https://shop.example"}
	s.states(x.first(x.draft(thread.KindCallback, callback)), "committed")
	y, certs := x.twin(link)
	s.check(y.join(certs))
	y.read()
	s.states(y.post(y.draft(thread.KindDeviceAdd, &thread.DeviceAdd{Certs: certs}), y.text("from the mail")), "committed", "committed")
	x.read()
	s.states(x.post(x.draft(thread.KindDeviceDel, &thread.DeviceDel{Device: [32]byte(protocol.PublicKeyOf(link).Bytes())})), "committed")
	z, certs := x.twin(link)
	s.wants(z.join(certs), wire.ErrNotAllowed)
}

func TestAnEpochBeginsWithItsCommitAndOldEntriesAreSealedAnew(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	x.first(x.text("hello"))
	straggler, late := *x, x.text("sealed before")
	s.states(x.post(x.rekey(), late), "committed", "committed")
	x.post(x.text("sealed after"))
	y, certs := x.twin(x.identity)
	s.check(y.join(certs))
	y.read() // all of it, with the new secret alone
	y.has("text", "text", "rekey", "text")
	s.advance(time.Duration(thread.EpochGrace) * time.Millisecond)
	straggler.pen = x.pen
	_, err := x.try(patience, straggler.text("too late"))
	s.wants(err, wire.ErrUnknownEpoch)
	s.check(x.join(nil))
	s.states(x.post(x.text("sealed anew")), "committed")
}

func TestWhatStandsBehindARekeyInOnePostIsSealedUnderIt(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	x.first(x.text("hello"))
	rekey := x.rekey()
	s.states(x.post(rekey, x.text("under the new secret")), "committed", "committed")
	s.states(x.post(rekey, x.text("and again")), "committed", "committed")
}

func TestOfTwoRekeysAtOnceTheSecondIsStale(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	x.first(x.text("hello"))
	y, certs := x.twin(x.identity)
	s.check(y.join(certs))
	y.read()
	y.post(y.draft(thread.KindDeviceAdd, &thread.DeviceAdd{Certs: certs}))
	one, two := x.rekey(), y.rekey()
	s.states(x.post(one), "committed")
	a, err := s.Post(t.Context(), y.who, y.id(), x.write, wire.ThreadPost{Envelopes: [][]byte{two}, After: 100}, patience)
	s.check(err)
	s.states(a.Results, thread.RefusedStaleRekey)
	s.check(y.join(nil))
	y.read()
	x.read()
	y.has(x.kinds()...)
}

func TestAJoinToAPrekeyThatIsGoneSaysSo(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	x.first(x.text("hello"))
	s.check(s.store.DeletePrekey(t.Context(), s.prekey, s.millis()))
	s.ForgetPrekeys()
	s.wants(x.join(nil), wire.ErrUnknownEpoch)
	y := s.visit()
	_, err := s.Begin(t.Context(), y.who, y.write, wire.ThreadBegin{Genesis: y.genesis})
	s.wants(err, wire.ErrUnknownEpoch)
}

func TestShoppersAreCalledBackAsTheyWished(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	x.first(x.draft(thread.KindCallback, &thread.Callback{Email: "ann@example.org", On: []string{"commit", "reply"}}), x.order(), x.text("thanks"))
	_, err := s.Say(t.Context(), x.id(), thread.Draft{Kind: thread.KindText, Body: &thread.Text{Text: "hi"}})
	s.check(err)
	x.read()
	x.post(x.text("bye"))
	want := []string{NoticeShopOrder, NoticeOrder, NoticeReply, NoticeShopMessage}
	var got []string
	s.check(s.store.Desk(t.Context(), func(v *store.DeskView) error {
		list, err := v.Notices(s.millis(), 100)
		for _, n := range list {
			got = append(got, n.Kind)
		}
		return err
	}))
	for i := range max(len(want), len(got)) {
		if i >= len(want) || i >= len(got) || got[i] != want[i] {
			t.Fatalf("%v, want %v", got, want)
		}
	}
}
