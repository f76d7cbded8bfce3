package thread

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
)

type receiptVector struct {
	Name, Error   string
	Valid         bool
	Bytes         hexBytes
	Brand, Thread protocol.CID
	Commits       int
	Entries       []struct {
		Seq                 uint64
		Kind, Refused       string
		Brand, Link, Hidden bool
	}
	Orders []struct {
		Order                              protocol.CID
		Number                             uint64
		State, Payment, Fulfilment, Return string
	}
}

func TestReceiptVectors(t *testing.T) {
	eachVector(t, "receipt.json", 15, func(v receiptVector) string { return v.Name }, func(t *testing.T, v receiptVector) {
		p, err := VerifyReceipt(v.Bytes, v.Brand)
		if !v.Valid {
			var f *Flaw
			if !errors.As(err, &f) || f.Part != v.Error || !errors.Is(err, protocol.ErrInvalid) {
				t.Fatalf("not refused for %s: %v", v.Error, err)
			}
			return
		}
		if err != nil || p.Brand != v.Brand || p.Thread != v.Thread || p.Commits != v.Commits || len(p.Entries) != len(v.Entries) {
			t.Fatalf("%d entries of %d: %v", len(p.Entries), p.Commits, err)
		}
		for i, want := range v.Entries {
			if got := p.Entries[i]; got.Commit.Seq != want.Seq || got.Entry.Kind != want.Kind || got.Brand != want.Brand || got.Link != want.Link || got.Hidden != want.Hidden || got.Commit.Refused != want.Refused {
				t.Errorf("entry %d: %+v", i+1, got)
			}
		}
		for _, want := range v.Orders {
			o := p.Ledger.Orders[want.Order]
			if o == nil || p.Ledger.Numbers[want.Order] != want.Number || string(o.State) != want.State || string(o.Payment) != want.Payment || string(o.Fulfilment) != want.Fulfilment || string(o.Return) != want.Return {
				t.Errorf("order %s: %+v", want.Order, o)
			}
		}
	})
}

func firstReceipt(t testing.TB) (data []byte) {
	t.Helper()
	for _, v := range vectorsOf[receiptVector](t, "receipt.json") {
		if v.Valid {
			return v.Bytes
		}
	}
	t.Fatal("no receipt")
	return nil
}

func TestEveryAlteredByteOfAReceiptIsNamed(t *testing.T) {
	data := firstReceipt(t)
	step := 5
	if testing.Short() {
		step = 29
	}
	for i := 0; i < len(data); i += step {
		altered := bytes.Clone(data)
		altered[i] ^= 1 << (i % 8)
		var f *Flaw
		if _, err := VerifyReceipt(altered, protocol.CID{}); !errors.As(err, &f) || f.Part == "" {
			t.Fatalf("byte %d of %d: %v", i, len(data), err)
		}
	}
}

func TestAReceiptOfAnotherBrandIsRefused(t *testing.T) {
	var f *Flaw
	if _, err := VerifyReceipt(firstReceipt(t), protocol.Sum(protocol.DagCBOR, []byte("other"))); !errors.As(err, &f) || f.Part != "brand" {
		t.Error(err)
	}
}
