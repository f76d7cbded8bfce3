package thread

import (
	"errors"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
)

func TestAPenMovesOnOnlyWhenItWrote(t *testing.T) {
	pen := Pen{Key: SigningKey([32]byte{1}), Thread: protocol.Sum(protocol.DagCBOR, nil)}
	if _, err := pen.Write(Draft{KindText, &Text{}}, nil, [32]byte{}, 1); !errors.Is(err, protocol.ErrInvalid) || pen.DSeq != 0 {
		t.Errorf("an empty text: %v, at %d", err, pen.DSeq)
	}
	first := must(pen.Write(Draft{KindText, &Text{Text: "a"}}, nil, [32]byte{}, 1))
	second := must(pen.Write(Draft{KindErase, nil}, nil, [32]byte{}, 1))
	if first.DSeq != 1 || second.DSeq != 2 || second.DPrev != first.ID || pen.Last != second.ID {
		t.Errorf("%+v behind %+v", second.Entry, first.Entry)
	}
}

func TestARequestIsTimelyForFiveMinutesEitherWay(t *testing.T) {
	const now protocol.Millis = 1_000_000
	for skew, want := range map[protocol.Millis]bool{0: true, 300_000: true, -300_000: true, 300_001: false, -300_001: false} {
		if got := (Request{Time: now + skew}).Timely(now); got != want {
			t.Errorf("%d ms: %v", skew, got)
		}
	}
}

func TestASealedEnvelopeOpensOnlyInItsDirectionAndEpoch(t *testing.T) {
	e := Envelope{Thread: protocol.Sum(protocol.DagCBOR, nil), Dir: Up, Epoch: 1, Salt: [32]byte{1}}
	opened := must(DecodeEnvelope(must(e.Seal([32]byte{2}, &SyncParcel{After: 3}))))
	if p, err := opened.Open([32]byte{2}); err != nil || p.(*SyncParcel).After != 3 {
		t.Fatalf("%v: %v", p, err)
	}
	for name, change := range map[string]func(*Envelope){
		"direction": func(e *Envelope) { e.Dir = Down }, "epoch": func(e *Envelope) { e.Epoch = 2 }, "salt": func(e *Envelope) { e.Salt[0]++ },
		"thread": func(e *Envelope) { e.Thread = protocol.Sum(protocol.DagCBOR, []byte{1}) }, "text": func(e *Envelope) { e.Text[9] ^= 1 },
	} {
		altered := opened
		altered.Text = append([]byte{}, opened.Text...)
		change(&altered)
		if _, err := altered.Open([32]byte{2}); !errors.Is(err, ErrSealed) {
			t.Errorf("another %s: %v", name, err)
		}
	}
}

func TestBothSidesDrawTheSameRootsFromAnEncapsulation(t *testing.T) {
	brand, prekey := protocol.Sum(protocol.DagCBOR, []byte("brand")), protocol.Sum(protocol.DagCBOR, []byte("prekey"))
	secret := must(PrekeyOf([32]byte{7}))
	enc, sent, err := Encapsulate(brand, prekey, secret.Public())
	if err != nil || len(enc) != EncSize || len(secret.Public()) != PrekeySize {
		t.Fatalf("%d bytes: %v", len(enc), err)
	}
	if got := must(secret.Decapsulate(brand, prekey, enc)); got != sent || got.Root == got.Write {
		t.Error("other roots")
	}
	if got := must(secret.Decapsulate(prekey, brand, enc)); got == sent {
		t.Error("another brand has the same roots")
	}
	if _, err := secret.Decapsulate(brand, prekey, enc[1:]); !errors.Is(err, protocol.ErrInvalid) {
		t.Errorf("a short one: %v", err)
	}
	if _, _, err := Encapsulate(brand, prekey, secret.Public()[1:]); !errors.Is(err, protocol.ErrInvalid) {
		t.Errorf("to a short key: %v", err)
	}
}

// The keys of a brand are those it has and those it had; a receipt tells them apart.
func TestABrandSpeaksWithEveryKeyThatItHad(t *testing.T) {
	root, second := SigningKey([32]byte{1}), SigningKey([32]byte{2})
	before, after, stranger := protocol.PublicKeyOf(SigningKey([32]byte{3})), protocol.PublicKeyOf(SigningKey([32]byte{4})), protocol.PublicKeyOf(SigningKey([32]byte{5}))
	next := must(identity.Solo(protocol.PublicKeyOf(second)).Commitment())
	first := must(identity.Genesis(identity.Solo(protocol.PublicKeyOf(root)), next, identity.Online(before), 1).Sign(root))
	log := must(identity.Load(first.ID(), [][]byte{must(first.Encode())}))
	op := must(log.State().Draft(2).Add(after).Revoke(nil, before.ID()).Op(identity.Solo(protocol.PublicKeyOf(second)), must(identity.Solo(stranger).Commitment())))
	if _, err := log.AppendSigned(must(op.Sign(second))); err != nil {
		t.Fatal(err)
	}
	keys := KeysOf(log)
	for name, c := range map[string]struct {
		key            protocol.PublicKey
		known, present bool
	}{"the present key": {after, true, true}, "the former key": {before, true, false}, "a stranger's": {stranger, false, false}} {
		if _, known := keys.Author([32]byte(c.key.Bytes())); known != c.known || keys.Present(c.key.ID()) != c.present {
			t.Errorf("%s: known %v, present %v", name, known, keys.Present(c.key.ID()))
		}
	}
}
