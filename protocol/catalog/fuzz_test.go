package catalog

import (
	"bytes"
	"errors"
	"iter"
	"slices"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
)

// What is decoded as a record is valid and encodes to a record that decodes to
// the same; what is not has one of the three reasons.
func FuzzDecodeRecord(f *testing.F) {
	for _, r := range teaRecords() {
		f.Add(string(r.Path()), must(Encode(r)))
	}
	f.Fuzz(func(t *testing.T, path string, data []byte) {
		r, err := Decode(protocol.Path(path), data)
		if err != nil {
			if !errors.Is(err, ErrForm) && !errors.Is(err, ErrMeaning) && !errors.Is(err, ErrUnknownType) {
				t.Fatalf("unclassed: %v", err)
			}
			return
		}
		once := must(Encode(r))
		if twice := must(Encode(must(Decode(r.Path(), once)))); !bytes.Equal(once, twice) {
			t.Fatalf("%x became %x", once, twice)
		}
	})
}

// A head has one encoding.
func FuzzDecodeHead(f *testing.F) {
	f.Add(must(teaShop(f).head.Encode()))
	f.Add(must(newShop("empty").head.Encode()))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := DecodeHead(data)
		if err != nil {
			return
		}
		if again := must(h.Encode()); !bytes.Equal(again, data) {
			t.Fatalf("%x became %x", data, again)
		}
		if payload := must(h.Head.Encode()); !bytes.Equal(payload, h.Signed.Payload) {
			t.Fatalf("payload %x became %x", h.Signed.Payload, payload)
		}
	})
}

// A bundle has one encoding, and every refusal has a reason.
func FuzzVerifyBundle(f *testing.F) {
	s := teaShop(f)
	f.Add(must(s.prove(ScopeGroup, "product/gyokuro").Encode()))
	f.Add(must(s.prove(ScopeRecord, "profile").Encode()))
	f.Add(must(s.prove(ScopeRecord, "page/none").Encode()))
	f.Fuzz(func(t *testing.T, data []byte) {
		if b, err := DecodeBundle(data); err == nil && !bytes.Equal(must(b.Encode()), data) {
			t.Fatal("encodes to other bytes")
		}
		if _, err := VerifyBundle(data, s.log.Brand(), noon); err != nil && ReasonOf(err) == "" {
			t.Fatalf("no reason: %v", err)
		}
	})
}

// An archive that is accepted is the one that would be written of its content,
// and every refusal has a reason.
func FuzzReadArchive(f *testing.F) {
	f.Add(newShop("tea", tea(), teaOffer("gyokuro-50", 2490)).archive())
	f.Add(newShop("empty").archive())
	f.Fuzz(func(t *testing.T, data []byte) {
		var entries []Entry
		origin, err := ReadArchive(bytes.NewReader(data), ArchiveOptions{Now: noon, Record: func(e Entry) error {
			e.Data = slices.Clone(e.Data)
			entries = append(entries, e)
			return nil
		}})
		if err != nil {
			if ReasonOf(err) == "" {
				t.Fatalf("no reason: %v", err)
			}
			return
		}
		var again bytes.Buffer
		if err := WriteArchive(&again, logOf(origin), origin.Head, recordsOf(entries)); err != nil || !bytes.Equal(again.Bytes(), data) {
			t.Fatalf("is written otherwise (%v)", err)
		}
	})
}

func logOf(o Origin) *identity.Log {
	var ops [][]byte
	for _, s := range o.Identity {
		ops = append(ops, must(s.Encode()))
	}
	return must(identity.Load(o.Brand, ops))
}

func recordsOf(entries []Entry) iter.Seq2[Entry, error] { return (&shop{entries: entries}).records() }
