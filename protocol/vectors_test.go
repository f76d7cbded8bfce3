package protocol_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/specs/vectors"
)

// vector is one case of encoding.json, signed.json or values.json; each page of
// specs/ says which fields its kinds hold.
type vector struct {
	Name, Kind, Error                  string
	Valid                              bool
	Bytes, Text, Binary, Content       string
	Codec, Currency, Decimal, CBOR     string
	Object, Payload, ID, Preimage, Key string
	KID, Group                         string
	Repeat                             struct {
		Hex   string
		Times int
	}
	Value          json.RawMessage
	Keys, Segments []string
	Holds          int
	Minor, Millis  int64
	Decimals       map[protocol.Currency]int
	Codes          []protocol.Country
}

// wording says how this package words each class of errors.
var wording = map[string]string{
	"early": "ends early", "trailing": "follow the value", "shortest": "shortest form", "integer": "integer beyond",
	"length": "indefinite or reserved", "simple": "simple values", "utf8": "not UTF-8", "key": "key is not text",
	"order": "order", "tag": "tag", "link": "cid", "depth": "nested deeper", "count": "more than", "cid": "cid",
	"form": "signed object", "type": "", "size": "bytes instead", "curve": "not a point", "canonical": "not canonically",
	"currency": "currency", "amount": "amount", "path": "path", "handle": "handle", "variant": "variant id",
	"gtin": "gtin", "country": "country", "language": "language", "time": "time",
}

func TestVectors(t *testing.T) {
	judges := map[string]func(vector) error{
		"cbor": judgeCBOR, "cid": judgeCID, "signed": judgeSigned, "key": judgeKey, "money": judgeMoney,
		"path": judgePath, "time": judgeTime, "currencies": judgeCurrencies, "countries": judgeCountries,
		"handle": judgeText(protocol.ParseHandle), "variant": judgeText(protocol.ParseVariantID), "gtin": judgeText(protocol.ParseGTIN),
		"country": judgeText(protocol.ParseCountry), "language": judgeText(protocol.ParseLanguage),
	}
	for file, least := range map[string]int{"encoding.json": 70, "signed.json": 30, "values.json": 80} {
		for _, v := range load(t, file, least) {
			checkVerdict(t, v, judges[v.Kind](v))
		}
	}
}

func load(t testing.TB, file string, least int) []vector {
	t.Helper()
	var set struct{ Cases []vector }
	if err := json.Unmarshal(must(vectors.FS.ReadFile(file)), &set); err != nil {
		t.Fatal(err)
	}
	if len(set.Cases) < least {
		t.Fatalf("%s has %d cases", file, len(set.Cases))
	}
	return set.Cases
}

func checkVerdict(t *testing.T, v vector, err error) {
	t.Helper()
	word, known := wording[v.Error]
	switch {
	case v.Valid && err != nil:
		t.Errorf("%s: %v", v.Name, err)
	case !v.Valid && (!known || err == nil):
		t.Errorf("%s: is accepted, or its class %q unknown", v.Name, v.Error)
	case !v.Valid && (!errors.Is(err, protocol.ErrInvalid) || !strings.Contains(err.Error(), word)):
		t.Errorf("%s: class %q, but %v", v.Name, v.Error, err)
	}
}

// differs returns an error that is never ErrInvalid unless got is want.
func differs(what string, got, want any) error {
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("%s is %v instead of %v", what, got, want)
	}
	return nil
}

func unhex(s string) []byte { return must(hex.DecodeString(s)) }

func judgeCBOR(v vector) error {
	data := append(unhex(v.Bytes), bytes.Repeat(unhex(v.Repeat.Hex), v.Repeat.Times)...)
	var got any
	if err := protocol.Unmarshal(data, &got); err != nil || v.Value == nil {
		return err
	}
	var want any
	if err := json.Unmarshal(v.Value, &want); err != nil {
		return err
	}
	return differs("value", plain(got), want)
}

// plain writes a decoded value the way the vectors do.
func plain(v any) any {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case []byte:
		return map[string]any{"bytes": hex.EncodeToString(v)}
	case cbor.Tag:
		return map[string]any{"link": must(protocol.CIDFromBytes(v.Content.([]byte)[1:])).String()}
	case []any:
		list := []any{}
		for _, x := range v {
			list = append(list, plain(x))
		}
		return list
	case map[any]any:
		m := map[string]any{}
		for k, x := range v {
			m[k.(string)] = plain(x)
		}
		return map[string]any{"map": m}
	}
	return v
}

func judgeCID(v vector) error {
	c, err := protocol.ParseCID(v.Text)
	if err != nil {
		return err
	}
	codec := map[string]protocol.Codec{"raw": protocol.Raw, "dag-cbor": protocol.DagCBOR}[v.Codec]
	return errors.Join(
		differs("identifier", c, protocol.Sum(codec, unhex(v.Content))),
		differs("binary form", c, must(protocol.CIDFromBytes(unhex(v.Binary)))),
		differs("text", c.String(), v.Text))
}

func judgeSigned(v vector) error {
	s, err := protocol.DecodeSigned(unhex(v.Bytes))
	if err != nil {
		return err
	}
	var keys []protocol.PublicKey
	for _, k := range v.Keys {
		keys = append(keys, must(protocol.ParsePublicKey(unhex(k))))
	}
	return errors.Join(
		differs("payload", hex.EncodeToString(s.Payload), v.Payload),
		differs("id", s.ID().String(), v.ID),
		differs("number of good signatures", s.VerifiedBy(protocol.Object(v.Object), keys...), v.Holds),
		differs("preimage", "stoa/"+v.Object+"/v1\x00"+string(s.Payload), string(unhex(v.Preimage))))
}

func judgeKey(v vector) error {
	k, err := protocol.ParsePublicKey(unhex(v.Key))
	if err != nil {
		return err
	}
	return differs("identifier", string(k.ID()), v.KID)
}

func judgeMoney(v vector) error {
	c, err := protocol.ParseCurrency(v.Currency)
	if err != nil {
		return err
	}
	m, err := protocol.ParseMoney(v.Text, c)
	if err != nil {
		return err
	}
	return errors.Join(differs("amount", m, protocol.NewMoney(v.Minor, c)), differs("decimal", m.Decimal(), v.Decimal),
		differs("cbor", hex.EncodeToString(must(protocol.Marshal(m))), v.CBOR))
}

func judgePath(v vector) error {
	p, err := protocol.ParsePath(v.Text)
	if err != nil {
		return err
	}
	segments := append(v.Segments, "", "")
	return errors.Join(differs("group", p.Group(), v.Group), differs("segments", []string{p.Kind(), p.Name(), p.Leaf()}, segments[:3]))
}

func judgeText[T ~string](parse func(string) (T, error)) func(vector) error {
	return func(v vector) error {
		got, err := parse(v.Text)
		if err != nil {
			return err
		}
		return differs("value", string(got), v.Text)
	}
}

func judgeTime(v vector) error {
	var m protocol.Millis
	if err := m.UnmarshalJSON(must(json.Marshal(v.Text))); err != nil {
		return err
	}
	return errors.Join(differs("milliseconds", int64(m), v.Millis), differs("text", m.String(), v.Text),
		differs("cbor", hex.EncodeToString(must(protocol.Marshal(m))), v.CBOR))
}

func judgeCurrencies(v vector) error {
	have := map[protocol.Currency]int{}
	for _, c := range currencies() {
		have[c] = c.Exponent()
	}
	return differs("table", have, v.Decimals)
}

func judgeCountries(v vector) error {
	var have []protocol.Country
	for i := range 676 {
		if c, err := protocol.ParseCountry(string([]byte{byte('A' + i/26), byte('A' + i%26)})); err == nil {
			have = append(have, c)
		}
	}
	return differs("table", have, v.Codes)
}
