package main

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/node"
	"github.com/stoa-commerce/stoa/node/keys"
)

// typist is a person who types the text at a terminal.
func typist(text string) (*app, *bytes.Buffer) {
	var shown bytes.Buffer
	return &app{tty: tty{in: strings.NewReader(text), out: &shown, err: &shown, interactive: true}}, &shown
}

func TestASlipInAWordOfTheKeyIsTypedAgain(t *testing.T) {
	w, err := keys.NewWords(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	list := w.List()
	a, shown := typist("yes\n" + list[0] + "\n" + list[1] + " qwertz\n" + strings.Join(list[2:], "\n") + "\n")
	got, err := a.agree(t.Context(), node.KeyPlan{Name: "Corner Tea", N: 1, EpochTo: 1}, false)
	if err != nil || !got.Root(1).Equal(w.Root(1)) {
		t.Fatalf("%v\n%s", err, shown)
	}
	if text := shown.String(); !strings.Contains(text, "Word 3 isn't one of those") || !strings.Contains(text, "Corner Tea") {
		t.Errorf("shown: %s", text)
	}
}

func TestNothingIsSignedByAKeyOwnerWhoDoesNotAgree(t *testing.T) {
	for _, text := range []string{"", "no\n", "\n", "y\n"} {
		a, _ := typist(text)
		if _, err := a.agree(t.Context(), node.KeyPlan{}, false); err == nil {
			t.Errorf("%q was taken for a yes", text)
		}
	}
}
