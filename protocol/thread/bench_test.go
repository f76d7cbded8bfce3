package thread

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/sha256"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
)

// benched is one entry on its way from a shopper to a committed copy.
type benched struct {
	secret   [32]byte
	thread   protocol.CID
	key      ed25519.PrivateKey
	device   ed25519.PrivateKey
	envelope []byte
}

func newBenched() benched {
	b := benched{thread: protocol.Sum(protocol.DagCBOR, []byte("thread")), key: SigningKey([32]byte{1}), device: SigningKey([32]byte{2})}
	b.envelope = b.send()
	return b
}

// send is the shopper's half.
func (b *benched) send() []byte {
	pen := Pen{Key: b.device, Thread: b.thread}
	w := must(pen.Write(Draft{Kind: KindText, Body: &Text{Text: "Is the Gyokuro in stock?"}}, nil, [32]byte{3}, 1))
	return must(Envelope{Thread: b.thread, Dir: Up, Salt: [32]byte{4}}.Seal(b.secret, must(w.Parcel(nil))))
}

// take is the brand's half: open, check, commit, seal again.
func (b *benched) take() []byte {
	e := must(DecodeEnvelope(b.envelope))
	p := must(e.Open(b.secret)).(*EntryParcel)
	entry := must(DecodeEntry(p.Entry))
	by := must(protocol.ParsePublicKey(entry.By[:]))
	if err := entry.Verify(by); err != nil {
		panic(err)
	}
	if err := entry.Matches([32]byte(p.Salt), p.Body); err != nil {
		panic(err)
	}
	must(DecodeBody(entry.Kind, p.Body))
	commit := must(Commit{Thread: b.thread, Seq: 1, Entry: entry.ID, Time: 1}.Sign(b.key))
	p.Commit = must(commit.Encode())
	return must(Envelope{Thread: b.thread, Dir: Down, Salt: [32]byte{5}}.Seal(b.secret, p))
}

func BenchmarkSend(b *testing.B) {
	x := newBenched()
	b.ReportAllocs()
	for b.Loop() {
		x.send()
	}
}

func BenchmarkTake(b *testing.B) {
	x := newBenched()
	b.ReportAllocs()
	for b.Loop() {
		x.take()
	}
}

// BenchmarkTakeBare does the cryptography of BenchmarkTake and nothing else.
func BenchmarkTakeBare(b *testing.B) {
	x := newBenched()
	public := x.device.Public().(ed25519.PublicKey)
	message := make([]byte, 300)
	signature := ed25519.Sign(x.device, message)
	var text [1024 + 16]byte
	b.ReportAllocs()
	for b.Loop() {
		for range 2 { // open and seal
			key := derive(x.secret[:], message[:32], "stoa/envelope/v1/up")
			aead := must(cipher.NewGCM(must(aes.NewCipher(key[:]))))
			aead.Seal(text[:0], nonce[:], text[:1024], message[:150])
		}
		if !ed25519.Verify(public, message, signature) {
			panic("forged")
		}
		sha256.Sum256(message)
		ed25519.Sign(x.key, message)
	}
}
