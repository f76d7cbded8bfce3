package keys

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/tyler-smith/go-bip39"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
)

// ErrWords means that what was typed are not the 24 words of a brand: a word is
// misspelt, missing or in the wrong place.
var ErrWords = errors.New("these are not 24 recovery words in their order")

// WordCount is how many recovery words a brand has (BIP-39, 256 bits).
const WordCount = 24

// Words are the recovery words of a brand. Whoever has them is the brand.
type Words struct{ list []string }

// NewWords draws new words from a source of randomness.
func NewWords(random io.Reader) (Words, error) {
	entropy := make([]byte, 32)
	if _, err := io.ReadFull(random, entropy); err != nil {
		return Words{}, fmt.Errorf("draw recovery words: %w", err)
	}
	phrase, err := bip39.NewMnemonic(entropy)
	if err != nil {
		return Words{}, fmt.Errorf("draw recovery words: %w", err)
	}
	return Words{strings.Fields(phrase)}, nil
}

// ParseWords reads words as they were written down; case and white space don't
// matter. The checksum among them finds most slips.
func ParseWords(s string) (Words, error) {
	list := strings.Fields(strings.ToLower(s))
	if len(list) != WordCount || !bip39.IsMnemonicValid(strings.Join(list, " ")) {
		return Words{}, ErrWords
	}
	return Words{list}, nil
}

// IsWord reports whether a word is one that recovery words are made of; case doesn't
// matter.
func IsWord(s string) bool {
	_, ok := bip39.GetWordIndex(strings.ToLower(s))
	return ok
}

// List returns the words in order.
func (w Words) List() []string { return append([]string(nil), w.list...) }

// String hides the words, so that no log shows them.
func (w Words) String() string { return "24 recovery words" }

// Root returns the root key that signs the identity operation with this number.
func (w Words) Root(n uint64) ed25519.PrivateKey {
	return identity.RootKey(bip39.NewSeed(strings.Join(w.list, " "), ""), n)
}

// Signers returns who signs the operation with this number: the one root key.
func (w Words) Signers(n uint64) identity.Signers {
	return identity.Solo(protocol.PublicKeyOf(w.Root(n)))
}
