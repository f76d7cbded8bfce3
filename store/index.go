package store

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/store/kv"
)

// rowSink takes the index rows of a group. They depend on the group and the rules
// only, so the rows of an old state can be computed again to remove them. It copies
// what it takes; a suffix may come twice.
type rowSink interface {
	put(suffix, value []byte) error
}

// indexRows are rows by key suffix.
type indexRows map[string][]byte

func (rows indexRows) put(suffix, value []byte) error {
	rows[string(suffix)] = bytes.Clone(value)
	return nil
}

// rowMaker puts rows together.
type rowMaker struct {
	to     rowSink
	suffix []byte
	card   []byte
	err    error // the first of the sink
}

// row hands over the row whose suffix the parts make.
func (m *rowMaker) row(value []byte, parts ...string) {
	if m.err != nil {
		return
	}
	m.suffix = m.suffix[:0]
	for _, part := range parts {
		m.suffix = append(m.suffix, part...)
	}
	m.err = m.to.put(m.suffix, value)
}

// group is what the index needs to know of the records that share a group.
// Records of unknown or invalid meaning are left out: they are kept and hidden.
type group struct {
	product *catalog.Product
	version protocol.CID     // of the product's record
	offers  []*catalog.Offer // in the product's order
	others  []catalog.Record
	uses    []pictureUse
	large   []string // suffixes of the rows about large records, readable or not
}

// pictureUse says that a record shows a picture.
type pictureUse struct {
	blob protocol.CID
	path protocol.Path
}

// records reads records, each once: most of a group is the same before and after
// a change.
type records map[trie.Leaf]catalog.Record

// read returns a leaf's record, nil if it has no meaning here.
func (rs records) read(leaf leafRow) catalog.Record {
	if r, ok := rs[leaf.Leaf]; ok {
		return r
	}
	r := meaning(leaf)
	rs[leaf.Leaf] = r
	return r
}

// meaning reads the record of a leaf, nil if it has no meaning here.
func meaning(leaf leafRow) catalog.Record {
	r, err := catalog.DecodeChecked(leaf.Path, leaf.Record)
	if err != nil {
		return nil
	}
	return r
}

// keep reads a leaf's record and returns the row without its bytes: of a hostile
// catalog those of one group may be hundreds of megabytes.
func (rs records) keep(leaf leafRow) leafRow {
	rs.read(leaf)
	leaf.Record = nil
	return leaf
}

func (rs records) group(leaves []leafRow) group {
	var g group
	for _, leaf := range leaves {
		g.add(leaf, rs.read(leaf))
	}
	g.complete()
	return g
}

// add takes a record of the group, nil if it has no meaning here.
func (g *group) add(leaf leafRow, record catalog.Record) {
	if leaf.Size >= LargeRecord {
		g.large = append(g.large, suffixLarge(leaf.Leaf.Record)+string(leaf.Path))
	}
	if record == nil {
		return
	}
	for _, blob := range catalog.Pictures(record) {
		g.uses = append(g.uses, pictureUse{blob, leaf.Path})
	}
	switch r := record.(type) {
	case *catalog.Product:
		g.product, g.version = r, leaf.Leaf.Record
	case *catalog.Offer:
		g.offers = append(g.offers, r)
	default:
		g.others = append(g.others, r)
	}
}

// complete puts the offers in order when all records are there.
func (g *group) complete() {
	if g.product == nil {
		g.offers = nil
		return
	}
	g.offers = offersInOrder(g.product, g.offers)
}

// listed reports whether the group is a product that can be shown in lists.
func (g group) listed() bool { return g.product != nil && len(g.offers) > 0 }

// rows makes the rows of a group.
func (m *rowMaker) rows(g group, rs rules) {
	for _, u := range g.uses {
		m.row(nil, suffixUsed, u.blob.String(), "\x00", string(u.path))
	}
	m.large(g)
	for _, r := range g.others {
		m.other(r, rs)
	}
	if g.listed() {
		m.product(g.product)
		m.offers(g, rs)
	}
}

func (m *rowMaker) large(g group) {
	for _, suffix := range g.large {
		m.row(nil, suffix)
	}
}

// product makes the rows that follow from the product's own record.
func (m *rowMaker) product(p *catalog.Product) {
	m.row(nil, suffixNewest, descending(p.Published), string(p.Handle))
	for _, w := range words(p.Title + " " + p.Vendor) {
		m.row(nil, "word/", w, "\x00", string(p.Handle))
	}
	handle := []byte(p.Handle)
	for _, v := range p.Variants {
		m.row(handle, "variant/", string(v.ID))
	}
}

// offers makes the rows that depend on the offers, too.
func (m *rowMaker) offers(g group, rs rules) {
	card := newCard(g.product, g.offers)
	m.card = card.append(m.card[:0])
	m.row(m.card, suffixCards, string(card.Handle))
	for _, h := range rs.selecting(card) {
		m.row(nil, "in/", string(h), "\x00", descending(card.Published), string(card.Handle))
	}
}

func (m *rowMaker) marshal(value any, parts ...string) {
	b, err := protocol.Marshal(value)
	if err != nil {
		m.err = errors.Join(m.err, err)
		return
	}
	m.row(b, parts...)
}

func (m *rowMaker) other(r catalog.Record, rs rules) {
	switch r := r.(type) {
	case *catalog.Collection:
		m.row(nil, suffixList("collection"), string(r.Handle))
		if r.Rule != nil && rs.has(r.Handle) {
			m.marshal(r.Rule, suffixRule, string(r.Handle))
		}
	case *catalog.Page:
		m.row(nil, suffixList("page"), string(r.Handle))
	case *catalog.Post:
		m.row(nil, suffixPost, descending(r.Date), string(r.Handle))
	}
}

const (
	suffixCards  = "card/"
	suffixNewest = "new/"
	suffixRule   = "rule/"
	suffixPost   = "post/"
	suffixUsed   = "uses/"
)

func suffixCard(h protocol.Handle) string { return suffixCards + string(h) }

func suffixUses(blob protocol.CID) string { return suffixUsed + blob.String() + "\x00" }

func suffixLarge(record protocol.CID) string { return "large/" + record.String() + "\x00" }

func suffixVariant(id protocol.VariantID) string { return "variant/" + string(id) }

func suffixMembers(h protocol.Handle) string { return "in/" + string(h) + "\x00" }

func suffixSize(h protocol.Handle) string { return "size/" + string(h) }

func suffixList(kind string) string { return "list/" + kind + "\x00" }

// descending gives 8 bytes that sort later times first.
func descending(t protocol.Millis) string {
	return string(binary.BigEndian.AppendUint64(nil, ^uint64(t)))
}

// memberOf returns the collection that an in/ row belongs to.
func memberOf(suffix []byte) (protocol.Handle, bool) {
	rest, ok := bytes.CutPrefix(suffix, []byte("in/"))
	h, _, ok2 := bytes.Cut(rest, []byte{0})
	return protocol.Handle(h), ok && ok2
}

// totals count what lists say without counting.
type totals struct {
	products int
	members  map[protocol.Handle]int
}

func newTotals() totals { return totals{members: map[protocol.Handle]int{}} }

func (t *totals) count(suffix []byte, by int) {
	if bytes.HasPrefix(suffix, []byte(suffixCards)) {
		t.products += by
	} else if h, ok := memberOf(suffix); ok {
		t.members[h] += by
	}
}

func readCount(r kv.Reader, key []byte) (int, error) {
	b, err := r.Get(key)
	if errors.Is(err, kv.ErrNotFound) {
		return 0, nil
	}
	if err != nil || len(b) != 8 {
		return 0, errors.Join(err, kv.ErrCorrupt)
	}
	return int(binary.BigEndian.Uint64(b)), nil
}

func writeCount(w writer, key []byte, n int) error {
	return w.Set(key, binary.BigEndian.AppendUint64(nil, uint64(n)))
}
