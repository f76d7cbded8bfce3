package store

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

func TestACardIsEncodedAsAllElseIs(t *testing.T) {
	text := rapid.StringN(0, 300, 300)
	number := rapid.OneOf(rapid.Int64Range(-30, 30), rapid.Int64Range(-protocol.MaxInt, protocol.MaxInt))
	rapid.Check(t, func(t *rapid.T) {
		money := func(name string) protocol.Money {
			return protocol.NewMoney(number.Draw(t, name), "EUR")
		}
		c := Card{
			Handle: protocol.Handle(text.Draw(t, "handle")), Title: text.Draw(t, "title"), Vendor: text.Draw(t, "vendor"), Kind: text.Draw(t, "kind"),
			Tags: rapid.SliceOfN(text, 0, 30).Draw(t, "tags"), Low: money("low"), High: money("high"), Availability: catalog.LowStock,
			Variants: rapid.IntRange(0, 500).Draw(t, "variants"), Published: protocol.Millis(number.Draw(t, "published")), Updated: protocol.Millis(number.Draw(t, "updated")),
		}
		for i, ref := range []**catalog.MediaRef{&c.Picture, &c.Second} {
			if rapid.Bool().Draw(t, "shown") {
				*ref = &catalog.MediaRef{Blob: protocol.Sum(protocol.Raw, []byte{byte(i)}), Alt: text.Draw(t, "alt")}
			}
		}
		if rapid.Bool().Draw(t, "reduced") {
			former := money("compareAt")
			c.CompareAt = &former
		}
		want, err := protocol.Marshal(c)
		if got := c.append([]byte("x")); err != nil || !bytes.Equal(got[1:], want) {
			t.Fatalf("%x, want %x: %v", got[1:], want, err)
		}
	})
}

func TestWordsOfPlainTextsAreThoseOfAnyText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[ -~]{0,80}`).Draw(t, "text")
		plain, ok := plainWords(text)
		if folded := foldedWords(text); !ok || !slices.Equal(plain, folded) {
			t.Fatalf("%q has %q, not %q", text, plain, folded)
		}
	})
}
