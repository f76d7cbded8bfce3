package thread

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
)

// blamed checks that bytes are refused as the sender's fault, or as of a newer version.
func blamed(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, protocol.ErrInvalid) && !errors.Is(err, ErrUnsupported) {
		t.Fatalf("unclassed: %v", err)
	}
}

// seedThreads adds the bytes of the vectors of a kind.
func seedThreads(f *testing.F, kind string, bytesOf func(threadVector) []byte) {
	for _, v := range vectorsOf[struct {
		Kind        string
		Bytes, CBOR hexBytes
		Object      protocol.Object
	}](f, "thread.json") {
		if v.Kind == kind && len(v.Bytes)+len(v.CBOR) < 8<<10 {
			f.Add(bytesOf(threadVector{Kind: v.Kind, Object: v.Object, Bytes: v.Bytes, CBOR: v.CBOR}))
		}
	}
}

// An envelope has one form, and sealing what was opened gives the same bytes.
func FuzzEnvelope(f *testing.F) {
	seedThreads(f, "envelope", func(v threadVector) []byte { return v.Bytes })
	var secret [32]byte
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := DecodeEnvelope(data)
		if err != nil {
			blamed(t, err)
			return
		}
		if !bytes.Equal(must(protocol.Marshal(e)), data) {
			t.Fatalf("%x has two forms", data)
		}
		if parcel, err := e.OpenBytes(secret); err == nil {
			if again := must(e.SealBytes(secret, parcel)); !bytes.Equal(again, data) {
				t.Fatalf("%x was sealed to %x", data, again)
			}
		} else if !errors.Is(err, ErrSealed) {
			blamed(t, err)
		}
	})
}

// What fits in an envelope comes out of it.
func FuzzSealed(f *testing.F) {
	f.Add([]byte{}, []byte("secret"), true)
	f.Add(bytes.Repeat([]byte{0x80}, 1023), []byte{}, false)
	f.Fuzz(func(t *testing.T, parcel, secret []byte, down bool) {
		e := Envelope{Thread: protocol.Sum(protocol.DagCBOR, secret), Dir: Up, Salt: Commitment([32]byte{}, secret)}
		if down {
			e.Dir, e.Join = Down, e.Thread
		}
		data, err := e.SealBytes(Commitment([32]byte{1}, secret), parcel)
		if err != nil {
			if len(parcel) <= MaxParcel {
				t.Fatal(err)
			}
			return
		}
		opened := must(DecodeEnvelope(data))
		if got := must(opened.OpenBytes(Commitment([32]byte{1}, secret))); !bytes.Equal(got, parcel) {
			t.Fatalf("%x became %x", parcel, got)
		}
	})
}

// A parcel has one form.
func FuzzParcel(f *testing.F) {
	seedThreads(f, "parcel", func(v threadVector) []byte { return v.CBOR })
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := DecodeParcel(data)
		if err != nil {
			blamed(t, err)
			return
		}
		if again, err := EncodeParcel(p); err == nil && !bytes.Equal(again, data) || err != nil && len(data) <= MaxParcel {
			t.Fatalf("%x became %x: %v", data, again, err)
		}
	})
}

// A body that is read can be written, and reads as itself.
func FuzzBody(f *testing.F) {
	for _, v := range vectorsOf[bodyVector](f, "bodies.json") {
		if v.Kind == "body" && len(v.CBOR) < 4<<10 {
			f.Add(v.Of, []byte(v.CBOR))
		}
	}
	f.Fuzz(func(t *testing.T, kind string, data []byte) {
		body, err := DecodeBody(kind, data)
		if err != nil {
			blamed(t, err)
			return
		}
		once := must(EncodeBody(kind, body))
		if twice := must(EncodeBody(kind, must(DecodeBody(kind, once)))); !bytes.Equal(once, twice) {
			t.Fatalf("%x became %x", once, twice)
		}
	})
}

// Objects are read without trust: whatever is refused is the sender's fault, and what
// is taken has one form.
func FuzzObject(f *testing.F) {
	objects := []protocol.Object{protocol.ObjectGenesis, protocol.ObjectDevice, protocol.ObjectEntry, protocol.ObjectCommit, protocol.ObjectJoin, protocol.ObjectRequest}
	seedThreads(f, "object", func(v threadVector) []byte { return v.Bytes })
	key := must(PrekeyOf([32]byte{1}))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, o := range objects {
			v := threadVector{Object: o, Bytes: data, Key: protocol.PublicKeyOf(SigningKey([32]byte{1})).Bytes()}
			if id, err := v.open(); err != nil {
				blamed(t, err)
			} else if id != must(protocol.DecodeSigned(data)).ID() {
				t.Fatalf("%s is named %s", o, id)
			}
		}
		if g, err := OpenGenesis(data); err == nil {
			if _, err := key.Decapsulate(g.Brand, g.Prekey, g.Enc); err != nil {
				blamed(t, err)
			}
		}
	})
}

// A receipt is read without trust, and what it proves is named.
func FuzzReceipt(f *testing.F) {
	for _, v := range vectorsOf[receiptVector](f, "receipt.json") {
		f.Add([]byte(v.Bytes))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := VerifyReceipt(data, protocol.CID{})
		var flaw *Flaw
		if err != nil && !errors.As(err, &flaw) {
			t.Fatalf("unnamed: %v", err)
		}
		if r, formErr := DecodeReceipt(data); formErr == nil && err == nil && !bytes.Equal(must(r.Encode()), data) {
			t.Fatalf("%x has two forms", data)
		}
	})
}

// What people type reads as one code or link, which reads as itself.
func FuzzTyped(f *testing.F) {
	for _, v := range vectorsOf[struct{ Kind, Text, Typed string }](f, "thread.json") {
		if v.Kind == "code" || v.Kind == "link" {
			f.Add(v.Text)
			f.Add(v.Typed)
		}
	}
	f.Add("https://tea.example/t/bafy#k=AWk")
	f.Fuzz(func(t *testing.T, s string) {
		if c, err := ParseCode(s); err != nil {
			blamed(t, err)
		} else if must(ParseCode(c.String())) != c {
			t.Fatalf("%s is no code", c)
		}
		if l, err := ParseLink(s); err != nil {
			blamed(t, err)
		} else if must(ParseLink(l.URL("https://tea.example/", "tea"))) != l {
			t.Fatalf("%s is no link", l)
		}
	})
}
