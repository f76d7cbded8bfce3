package store

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxWord bounds one index word in bytes; longer ones are cut.
const maxWord = 40

// words splits a text into folded search words: lower case, no diacritics, no
// punctuation. Scripts written without spaces give one word a character.
func words(text string) []string {
	if out, ok := plainWords(text); ok {
		return out
	}
	return foldedWords(text)
}

// foldedWords is words for any text.
func foldedWords(text string) []string {
	var out []string
	var word strings.Builder
	end := func() {
		if word.Len() > 0 {
			out = append(out, clipWord(word.String()))
			word.Reset()
		}
	}
	for _, r := range norm.NFKD.String(strings.ToLower(text)) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case isIdeographic(r):
			end()
			out = append(out, string(r))
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			writeFolded(&word, r)
		default:
			end()
		}
	}
	end()
	slices.Sort(out)
	return slices.Compact(out)
}

// plainWords is words for texts of ASCII, as most are; ok is false for others.
func plainWords(text string) (out []string, ok bool) {
	text = strings.ToLower(text)
	start := -1
	for i := range len(text) {
		c := text[i]
		if c >= utf8.RuneSelf {
			return nil, false
		}
		inWord := 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
		if inWord && start < 0 {
			start = i
		}
		if !inWord && start >= 0 {
			out, start = append(out, clipWord(text[start:i])), -1
		}
	}
	if start >= 0 {
		out = append(out, clipWord(text[start:]))
	}
	slices.Sort(out)
	return slices.Compact(out), true
}

func isIdeographic(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai)
}

func writeFolded(b *strings.Builder, r rune) {
	if r == 'ß' {
		b.WriteString("ss")
		return
	}
	b.WriteRune(r)
}

func clipWord(w string) string {
	if len(w) <= maxWord {
		return w
	}
	return strings.ToValidUTF8(w[:maxWord], "")
}
