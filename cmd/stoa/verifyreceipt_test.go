package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/specs/vectors"
)

type receiptCase struct {
	Name, Bytes, Error, Brand string
	Valid                     bool
}

// receiptFiles writes the receipts of specs/vectors to files.
func receiptFiles(t *testing.T) map[string]receiptCase {
	t.Helper()
	data, err := vectors.FS.ReadFile("receipt.json")
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Cases []receiptCase }
	if err := json.Unmarshal(data, &set); err != nil {
		t.Fatal(err)
	}
	files := map[string]receiptCase{}
	for i, c := range set.Cases {
		b, err := hex.DecodeString(c.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(t.TempDir(), string(rune('a'+i))+".receipt")
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		files[name] = c
	}
	return files
}

func TestVerifyNamesWhatIsAlteredInAReceipt(t *testing.T) {
	for name, c := range receiptFiles(t) {
		v := verifyFile(name, protocol.CID{}, 0)
		if v.Kind != "receipt" || v.Valid != c.Valid || v.Part != c.Error || v.Brand != c.Brand {
			t.Errorf("%s: %+v", c.Name, v)
		}
	}
}

func TestVerifyTellsWhatAReceiptShows(t *testing.T) {
	for name, c := range receiptFiles(t) {
		if c.Name != "of an order" {
			continue
		}
		out := stoa(t, t.TempDir(), "verify", name)
		for _, want := range []string{c.Brand, `"number": 1001`, `"total": "54.70"`, `"commits": 12`, `"not_cancellable"`, `"link": true`} {
			if !bytes.Contains([]byte(out), []byte(want)) {
				t.Errorf("%q isn't in\n%s", want, out)
			}
		}
	}
}

func TestAReceiptOfAnotherBrandIsNotTheOneExpected(t *testing.T) {
	for name, c := range receiptFiles(t) {
		if v := verifyFile(name, protocol.Sum(protocol.DagCBOR, nil), 0); v.Valid || c.Valid && v.Part != "brand" {
			t.Errorf("%s: %+v", c.Name, v)
		}
	}
}
