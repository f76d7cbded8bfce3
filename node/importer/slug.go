package importer

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/stoa-commerce/stoa/protocol"
)

// latin spells letters that don't decompose into Latin ones and marks.
var latin = spelling(
	"ß ss æ ae œ oe ø o đ d ð d ł l þ th ħ h ı i ĸ k ŋ n ŧ t ſ s " + // Latin
		"α a β v γ g δ d ε e ζ z η i θ th ι i κ k λ l μ m ν n ξ x ο o π p ρ r σ s ς s τ t υ y φ f χ ch ψ ps ω o " + // Greek
		"а a б b в v г g д d е e ж zh з z и i к k л l м m н n о o п p р r с s т t у u ф f х kh ц ts ч ch ш sh щ shch ы y э e ю yu я ya " +
		"є ie і i ґ g ђ dj ј j љ lj њ nj ћ c џ dz ѕ dz",
)

func spelling(pairs string) map[rune]string {
	m := map[rune]string{'ъ': "", 'ь': ""}
	words := strings.Fields(pairs)
	for i := 0; i+1 < len(words); i += 2 {
		m[[]rune(words[i])[0]] = words[i+1]
	}
	return m
}

// HandleOf brings a text to a handle: itself when it is one, else the text spelled
// in the letters of handles.
func HandleOf(text string) protocol.Handle {
	if h, err := protocol.ParseHandle(text); err == nil {
		return h
	}
	return protocol.Handle(slug(text))
}

// slugMark is how many hexadecimal digits stand for what a slug can't spell.
const slugMark = 8

// slug spells a text in [a-z0-9-], at most protocol.MaxName bytes. Letters of
// scripts that it can't spell, and what is too long, are replaced by digits of
// the text's hash, so that different texts keep different slugs.
func slug(text string) string {
	var b strings.Builder
	lost := false
	for _, c := range norm.NFKD.String(strings.ToLower(text)) {
		s, ok := letter(c)
		lost = lost || !ok
		if s == "-" && (b.Len() == 0 || strings.HasSuffix(b.String(), "-")) {
			continue
		}
		b.WriteString(s)
	}
	s := strings.TrimRight(b.String(), "-")
	if !lost && s != "" && len(s) <= protocol.MaxName {
		return s
	}
	hash := sha256.Sum256([]byte(text))
	s = strings.TrimRight(s[:min(len(s), protocol.MaxName-slugMark-1)], "-")
	return strings.TrimLeft(s+"-"+hex.EncodeToString(hash[:slugMark/2]), "-")
}

// letter spells one rune; ok is false when something of it is lost.
func letter(c rune) (s string, ok bool) {
	switch {
	case 'a' <= c && c <= 'z' || '0' <= c && c <= '9':
		return string(c), true
	case c == '\'' || c == '’' || unicode.Is(unicode.Mn, c):
		return "", true
	}
	if s, ok := latin[c]; ok {
		return s, true
	}
	if unicode.IsLetter(c) || unicode.IsNumber(c) {
		return "", false
	}
	return "-", true
}
