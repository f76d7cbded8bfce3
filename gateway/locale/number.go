package locale

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"
)

// symbols is how a language writes digits.
type symbols struct {
	zero           rune   // the digit 0; the others follow it
	group, point   string // between groups of digits; before decimals
	first, further int    // digits in the last group and in the ones before it
	least          int    // numbers of fewer digits aren't grouped
}

// symbolsOf learns the symbols by formatting two numbers, because x/text keeps
// its tables to itself.
func symbolsOf(tag language.Tag) symbols {
	p := message.NewPrinter(tag)
	s := symbols{zero: '0', first: 3, further: 3, least: 5}
	for _, r := range p.Sprint(number.Decimal(0)) {
		s.zero = r
	}
	s.point = strings.Trim(p.Sprint(number.Decimal(0.5)), string(s.zero)+string(s.zero+5))
	groups, marks := s.split(p.Sprint(number.Decimal(1234567890)))
	if len(marks) > 0 {
		s.group = marks[0]
		s.first, s.further = groups[len(groups)-1], groups[len(groups)-2]
	}
	if base, _ := tag.Base(); !groupsLate[base.String()] {
		s.least = 4
	}
	return s
}

// groupsLate are languages that write 1234 and 12.345 (CLDR 46, minimum grouping
// digits 2), which x/text doesn't know.
var groupsLate = map[string]bool{"es": true, "pl": true, "bg": true, "lv": true, "et": true, "hu": true}

// split returns the lengths of the digit groups of text and what stands between.
func (s symbols) split(text string) (groups []int, marks []string) {
	groups = []int{0}
	for _, r := range text {
		if r >= s.zero && r <= s.zero+9 {
			groups[len(groups)-1]++
			continue
		}
		marks, groups = append(marks, string(r)), append(groups, 0)
	}
	return groups, marks
}

// Number writes an integer with the language's digits and grouping.
func (l *Locale) Number(n int64) string {
	digits, negative := strings.CutPrefix(strconv.FormatInt(n, 10), "-")
	if negative {
		return "−" + l.symbols.write(digits, "")
	}
	return l.symbols.write(digits, "")
}

// Thousandths writes milli/1000 with as many decimals as it needs.
func (l *Locale) Thousandths(milli int64) string {
	whole, rest := milli/1000, milli%1000
	if rest < 0 {
		rest = -rest
	}
	decimals := strings.TrimRight(strconv.FormatInt(1000+rest, 10)[1:], "0")
	sign := ""
	if milli < 0 {
		sign, whole = "−", -whole
	}
	return sign + l.symbols.write(strconv.FormatInt(whole, 10), decimals)
}

// write joins ASCII digits before and after the decimal point.
func (s symbols) write(whole, decimals string) string {
	var b strings.Builder
	for i := range len(whole) {
		if left := len(whole) - i; i > 0 && len(whole) >= s.least && s.boundary(left) {
			b.WriteString(s.group)
		}
		s.digit(&b, whole[i])
	}
	if decimals != "" {
		b.WriteString(s.point)
	}
	for i := range len(decimals) {
		s.digit(&b, decimals[i])
	}
	return b.String()
}

// boundary reports whether a group ends before the last left digits.
func (s symbols) boundary(left int) bool {
	return left == s.first || left > s.first && (left-s.first)%s.further == 0
}

func (s symbols) digit(b *strings.Builder, ascii byte) {
	var buf [utf8.UTFMax]byte
	b.Write(buf[:utf8.EncodeRune(buf[:], s.zero+rune(ascii-'0'))])
}
