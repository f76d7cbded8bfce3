package importer

import (
	"strings"
	"unicode"

	"github.com/stoa-commerce/stoa/node/richtext"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// product merges what the first row says of the product as a whole.
func (m *merging) product() {
	r, p := m.group.rows[0], &m.is.Product
	for _, text := range []struct {
		column column
		to     *string
	}{
		{colTitle, &p.Title}, {colVendor, &p.Vendor}, {colCategory, &p.Category}, {colType, &p.Kind},
		{colSEOTitle, &p.SEO.Title}, {colSEODescription, &p.SEO.Description},
	} {
		if m.has(text.column) {
			*text.to = tidy(m.cell(r, text.column))
		}
	}
	if m.has(colDescription) {
		p.Description = m.description(r)
	}
	if m.has(colTags) {
		p.Tags = tags(m.cell(r, colTags))
	}
	p.Fields = m.fieldsOf(p.Fields, r, false)
	m.is.Fields = m.fieldsOf(m.is.Fields, r, true)
	m.status(r)
	m.remarks(r)
	m.laterRows()
}

// tidy makes one line of a text: control characters and runs of spaces around
// them become single spaces.
func tidy(s string) string {
	if !strings.ContainsFunc(s, unicode.IsControl) {
		return s
	}
	return strings.Join(strings.Fields(strings.Map(controlToSpace, s)), " ")
}

func controlToSpace(c rune) rune {
	if unicode.IsControl(c) {
		return ' '
	}
	return c
}

// leftOut are the elements that sanitising a description takes away with all that
// they show or do.
var leftOut = []string{"script", "iframe", "object", "embed", "form", "video", "audio", "img", "svg"}

func (m *merging) description(r *row) string {
	raw := m.cell(r, colDescription)
	if !strings.ContainsAny(raw, "<>&\"'") && !strings.ContainsFunc(raw, isOddControl) {
		return raw // sanitising would return it as it is
	}
	if m.was != nil && raw == m.was.Product.Description {
		return raw // and so it would return what it once returned
	}
	if element := firstElement(raw, leftOut); element != "" {
		m.warnAt(r, colDescription, "scripts, pictures and embedded parts (<%s>) are left out of the description", element)
	}
	return richtext.Sanitize(strings.Map(oddControlToSpace, raw))
}

// firstElement returns which of the elements a fragment of HTML opens first.
func firstElement(fragment string, elements []string) string {
	for {
		_, rest, ok := strings.Cut(fragment, "<")
		if !ok {
			return ""
		}
		for _, e := range elements {
			if len(rest) > len(e) && strings.EqualFold(rest[:len(e)], e) && !isLetter(rest[len(e)]) {
				return e
			}
		}
		fragment = rest
	}
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isOddControl(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\t' }

func oddControlToSpace(c rune) rune {
	if isOddControl(c) {
		return ' '
	}
	return c
}

// tags cuts a list of tags, one more than allowed at the most.
func tags(s string) []string {
	var out []string
	for tag := range strings.SplitSeq(s, ",") {
		if out = appendNew(out, tidy(strings.TrimSpace(tag))); len(out) > catalog.MaxTags {
			break
		}
	}
	return out
}

// status decides whether the product is published.
func (m *merging) status(r *row) {
	if m.has(colStatus) {
		m.is.Status = m.statusOf(r)
	}
	if m.cell(r, colPublished) == "" {
		return
	}
	published := m.truth(r, colPublished, true)
	switch {
	case !published && m.is.Status == store.Active:
		m.is.Status = store.Draft
	case published && m.is.Status == store.Draft && !m.has(colStatus):
		m.is.Status = store.Active
	}
}

func (m *merging) statusOf(r *row) store.Status {
	switch text := m.cell(r, colStatus); strings.ToLower(text) {
	case "", "active":
		return store.Active
	case "draft":
		return store.Draft
	case "archived":
		return store.Archived
	case "unlisted":
		m.warnAt(r, colStatus, "unlisted products are not known here; it is kept as a draft")
		return store.Draft
	default:
		m.faultAt(r, colStatus, "%q is neither active, draft nor archived", clip(text))
		return m.is.Status
	}
}

// truth reads a yes or no; a blank cell is what Shopify takes for it.
func (m *merging) truth(r *row, c column, blank bool) bool {
	switch text := m.cell(r, c); strings.ToLower(text) {
	case "":
		return blank
	case "true", "yes", "1":
		return true
	case "false", "no", "0":
		return false
	default:
		m.faultAt(r, c, "%q is neither TRUE nor FALSE", clip(text))
		return blank
	}
}

// remarks warns of what Stoa has no place for.
func (m *merging) remarks(r *row) {
	if m.truth(r, colGiftCard, false) {
		m.warnAt(r, colGiftCard, "gift cards are not known here; it becomes an ordinary product")
	}
	for _, c := range []column{colOption1Linked, colOption2Linked, colOption3Linked} {
		if m.cell(r, c) != "" {
			m.warnOnce(r, c, "links between options and custom fields are not used")
		}
	}
}

// laterRows warns of columns that hold something else on later rows than on the
// first, which is the one that counts.
func (m *merging) laterRows() {
	first := m.group.rows[0]
	for _, r := range m.group.rows[1:] {
		for c := colTitle; c < colCollection; c++ {
			if text := m.cell(r, c); text != "" && text != m.cell(first, c) {
				m.warnOnce(r, c, "only the first row of a product counts in this column")
			}
		}
		for _, f := range m.columns.fields {
			if text := r.cells[f.place]; text != "" && text != first.cells[f.place] {
				m.warnFieldOnce(r, f)
			}
		}
	}
}

func (m *merging) warnFieldOnce(r *row, f fieldColumn) {
	key := "field\x00" + f.name
	if !m.said[key] {
		m.said[key] = true
		m.warn(r.no, m.columns.header[f.place], "only the first row of a product counts in this column")
	}
}

// clip shortens a text of the file for a message.
func clip(s string) string {
	const most = 60
	count := 0
	for i := range s {
		if count++; count > most {
			return s[:i] + "…"
		}
	}
	return s
}
