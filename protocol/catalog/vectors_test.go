package catalog

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/specs/vectors"
)

// vector holds the fields of all cases of this package; specs/06-records.md to
// 09-archive.md say what they mean.
type vector struct {
	Name, Kind, Error, Field string
	Valid, Expired, Ends     bool
	Path                     protocol.Path
	CBOR                     hexBytes
	Record, ID, Brand        protocol.CID
	Identity                 []hexBytes
	Head, Highest            string
	First, Second            hexBytes
	Own, Other, Payload      hexBytes
	JSON                     json.RawMessage
	Now                      int64
	Verdict                  Verdict
	Bundle, Archive          hexBytes
	Scope                    Scope
	Records                  []struct {
		Path   protocol.Path
		Record protocol.CID
		CBOR   hexBytes
	}
	Paths []protocol.Path
}

type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

func eachVector(t *testing.T, file string, least int, run func(t *testing.T, v vector)) {
	data, err := vectors.FS.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Cases []vector }
	if err := json.Unmarshal(data, &set); err != nil {
		t.Fatal(err)
	}
	if len(set.Cases) < least {
		t.Fatalf("%d cases", len(set.Cases))
	}
	for _, v := range set.Cases {
		t.Run(v.Name, func(t *testing.T) { run(t, v) })
	}
}

func TestRecordVectors(t *testing.T) {
	eachVector(t, "records.json", 40, func(t *testing.T, v vector) {
		r, err := Decode(v.Path, v.CBOR)
		if (err == nil) != v.Valid {
			t.Fatalf("valid is %v: %v", v.Valid, err)
		}
		classes := map[string]error{"form": ErrForm, "unknown": ErrUnknownType, "meaning": ErrMeaning, "": nil}
		if !errors.Is(err, classes[v.Error]) {
			t.Fatalf("%v is not of class %s", err, v.Error)
		}
		var field *FieldError
		if v.Field != "" && (!errors.As(err, &field) || field.Field != v.Field) {
			t.Fatalf("%v is not about %s", err, v.Field)
		}
		if v.Valid && protocol.Sum(protocol.DagCBOR, v.CBOR) != v.Record {
			t.Errorf("has another identifier")
		}
		if v.JSON == nil {
			return
		}
		var want, have any
		if err := errors.Join(json.Unmarshal(v.JSON, &want), json.Unmarshal(must(json.Marshal(r)), &have)); err != nil || !reflect.DeepEqual(want, have) {
			t.Errorf("reads as %v (%v)", have, err)
		}
		if !bytes.Equal(must(Encode(r)), v.CBOR) {
			t.Error("encodes to other bytes")
		}
	})
}

func TestHeadVectors(t *testing.T) {
	eachVector(t, "head.json", 45, func(t *testing.T, v vector) {
		switch v.Kind {
		case "fresh":
			var highest *SignedHead
			if v.Highest != "" {
				highest = headOf(t, must(hex.DecodeString(v.Highest)))
			}
			if got := Check(*headOf(t, must(hex.DecodeString(v.Head))), highest, protocol.Millis(v.Now)); got != v.Verdict {
				t.Errorf("%s, want %s", got, v.Verdict)
			}
		case "contest":
			c := Contest{*headOf(t, v.First), *headOf(t, v.Second)}
			if got := c.EndedBy(*headOf(t, must(hex.DecodeString(v.Head)))); got != v.Ends {
				t.Errorf("%v, want %v", got, v.Ends)
			}
		case "contesting":
			h, err := Contesting(*headOf(t, v.Own), *headOf(t, v.Other), protocol.Millis(v.Now))
			if (err == nil) != v.Valid || errors.Is(err, ErrNoContest) != (v.Error == "no-contest") {
				t.Fatal(err)
			}
			if v.Valid && !bytes.Equal(must(h.Encode()), v.Payload) {
				t.Errorf("signs %+v", h)
			}
		default:
			headVector(t, v)
		}
	})
}

func headOf(t *testing.T, data []byte) *SignedHead {
	h, err := DecodeHead(data)
	if err != nil {
		t.Fatal(err)
	}
	return &h
}

func headVector(t *testing.T, v vector) {
	var ops [][]byte
	for _, op := range v.Identity {
		ops = append(ops, op)
	}
	state := must(identity.Load(v.Brand, ops)).State()
	h, err := DecodeHead(must(hex.DecodeString(v.Head)))
	reason := ""
	switch {
	case err != nil:
		reason = string(HeadForm)
	case errors.Is(VerifyHead(h, state), ErrUnknownOperation):
		reason = string(HeadOperation)
	default:
		reason = string(ReasonOf(VerifyHead(h, state)))
	}
	if reason != v.Error || v.Valid && h.CID != v.ID {
		t.Errorf("%q, want %q (%s)", reason, v.Error, h.CID)
	}
}

func TestProofVectors(t *testing.T) {
	eachVector(t, "proof.json", 45, func(t *testing.T, v vector) {
		p, err := VerifyBundle(v.Bundle, v.Brand, protocol.Millis(v.Now))
		if (err == nil) != v.Valid || string(ReasonOf(err)) != v.Error {
			t.Fatalf("valid is %v, %q: %v", v.Valid, v.Error, err)
		}
		if v.Valid && (p.Scope != v.Scope || p.Path != v.Path || p.Expired != v.Expired || p.Head.CID.String() != v.Head || len(p.Records) != len(v.Records)) {
			t.Errorf("shows %+v", p)
		}
		for i, e := range p.Records {
			if want := v.Records[i]; e.Path != want.Path || e.CID != want.Record || !bytes.Equal(e.Data, want.CBOR) {
				t.Errorf("record %d is %s", i, e.Path)
			}
		}
	})
}

func TestArchiveVectors(t *testing.T) {
	eachVector(t, "archive.json", 35, func(t *testing.T, v vector) {
		var paths []protocol.Path
		origin, err := ReadArchive(bytes.NewReader(v.Archive), ArchiveOptions{
			Brand: v.Brand, Now: protocol.Millis(v.Now),
			Record: func(e Entry) error { paths = append(paths, e.Path); return nil },
		})
		if (err == nil) != v.Valid || string(ReasonOf(err)) != v.Error {
			t.Fatalf("valid is %v, %q: %v", v.Valid, v.Error, err)
		}
		if v.Valid && (!slices.Equal(paths, v.Paths) || origin.Head.CID.String() != v.Head || origin.Expired != v.Expired) {
			t.Errorf("holds %v", paths)
		}
	})
}
