package store

import (
	"encoding/binary"
	"errors"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
	"github.com/stoa-commerce/stoa/store/kv"
)

// indexRows are the x/ rows that one group of records gives, by key suffix. They
// depend on the group and the rules only, so the rows of an old state can be
// computed again to remove them.
type indexRows map[string][]byte

// group is what the index needs to know of the records that share a group.
// Records of unknown or invalid meaning are left out: they are kept and hidden.
type group struct {
	product *catalog.Product
	version protocol.CID     // of the product's record
	offers  []*catalog.Offer // in the product's order
	others  []catalog.Record
	uses    []string // suffixes of the rows about pictures
	large   []string // suffixes of the rows about large records, readable or not
}

// records reads records, each once: most of a group is the same before and after
// a change.
type records map[trie.Leaf]catalog.Record

// read returns a leaf's record, nil if it has no meaning here.
func (rs records) read(leaf leafRow) catalog.Record {
	if r, ok := rs[leaf.Leaf]; ok {
		return r
	}
	r, err := catalog.DecodeChecked(leaf.Path, leaf.Record)
	if err != nil {
		r = nil
	}
	rs[leaf.Leaf] = r
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
	offers := map[protocol.VariantID]*catalog.Offer{}
	for _, leaf := range leaves {
		if leaf.Size >= LargeRecord {
			g.large = append(g.large, suffixLarge(leaf.Leaf.Record)+string(leaf.Path))
		}
		record := rs.read(leaf)
		if record == nil {
			continue
		}
		for _, blob := range catalog.Pictures(record) {
			g.uses = append(g.uses, suffixUses(blob)+string(leaf.Path))
		}
		switch r := record.(type) {
		case *catalog.Product:
			g.product, g.version = r, leaf.Leaf.Record
		case *catalog.Offer:
			offers[r.Variant] = r
		default:
			g.others = append(g.others, r)
		}
	}
	if g.product != nil {
		g.offers = offersInOrder(g.product, offers)
	}
	return g
}

// listed reports whether the group is a product that can be shown in lists.
func (g group) listed() bool { return g.product != nil && len(g.offers) > 0 }

// rows computes the rows of a group.
func (g group) rows(rs rules) (indexRows, error) {
	rows := indexRows{}
	rows.addNames(g.uses)
	rows.addNames(g.large)
	for _, r := range g.others {
		if err := rows.addOther(r, rs); err != nil {
			return nil, err
		}
	}
	if !g.listed() {
		return rows, nil
	}
	rows.addProduct(g.product)
	return rows, rows.addOffers(g, rs)
}

// addNames adds rows that say all by their keys.
func (rows indexRows) addNames(suffixes []string) {
	for _, suffix := range suffixes {
		rows[suffix] = nil
	}
}

// addProduct adds the rows that follow from the product's own record.
func (rows indexRows) addProduct(p *catalog.Product) {
	rows[suffixNew(p.Published, p.Handle)] = nil
	for _, w := range words(p.Title + " " + p.Vendor) {
		rows[suffixWord(w)+string(p.Handle)] = nil
	}
	for _, v := range p.Variants {
		rows[suffixVariant(v.ID)] = []byte(p.Handle)
	}
}

// addOffers adds the rows that depend on the offers, too.
func (rows indexRows) addOffers(g group, rs rules) error {
	card := newCard(g.product, g.offers)
	value, err := protocol.Marshal(card)
	if err != nil {
		return err
	}
	rows[suffixCard(card.Handle)] = value
	for _, h := range rs.selecting(card) {
		rows[suffixMembers(h)+descending(card.Published)+string(card.Handle)] = nil
	}
	return nil
}

func (rows indexRows) addOther(r catalog.Record, rs rules) error {
	switch r := r.(type) {
	case *catalog.Collection:
		rows[suffixList("collection")+string(r.Handle)] = nil
		if r.Rule == nil || !rs.has(r.Handle) {
			return nil
		}
		b, err := protocol.Marshal(r.Rule)
		rows[suffixRule+string(r.Handle)] = b
		return err
	case *catalog.Page:
		rows[suffixList("page")+string(r.Handle)] = nil
	case *catalog.Post:
		rows[suffixPost+descending(r.Date)+string(r.Handle)] = nil
	}
	return nil
}

const (
	suffixCards  = "card/"
	suffixNewest = "new/"
	suffixRule   = "rule/"
	suffixPost   = "post/"
	suffixUsed   = "uses/"
)

func suffixCard(h protocol.Handle) string { return suffixCards + string(h) }

func suffixNew(t protocol.Millis, h protocol.Handle) string {
	return suffixNewest + descending(t) + string(h)
}

func suffixWord(word string) string { return "word/" + word + "\x00" }

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
func memberOf(suffix string) (protocol.Handle, bool) {
	rest, ok := strings.CutPrefix(suffix, "in/")
	h, _, ok2 := strings.Cut(rest, "\x00")
	return protocol.Handle(h), ok && ok2
}

// totals count what lists say without counting.
type totals struct {
	products int
	members  map[protocol.Handle]int
}

func newTotals() totals { return totals{members: map[protocol.Handle]int{}} }

func (t *totals) count(suffix string, by int) {
	if strings.HasPrefix(suffix, suffixCards) {
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
