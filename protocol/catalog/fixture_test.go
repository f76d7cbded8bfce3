package catalog

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/trie"
)

// noon is the fixed time of all tests.
const noon protocol.Millis = 1_790_000_000_000

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// owner is a brand's owner with as many root keys as its threshold.
type owner struct {
	name string
	keys int
	log  *identity.Log
}

func (o *owner) root(n uint64, i int) ed25519.PrivateKey {
	seed := sha256.Sum256(fmt.Append(nil, o.name, " root ", n, i))
	return ed25519.NewKeyFromSeed(seed[:])
}

func (o *owner) roots(n uint64) (keys []ed25519.PrivateKey) {
	for i := range o.keys {
		keys = append(keys, o.root(n, i))
	}
	return keys
}

func (o *owner) signers(n uint64) identity.Signers {
	var public []protocol.PublicKey
	for _, k := range o.roots(n) {
		public = append(public, protocol.PublicKeyOf(k))
	}
	return must(identity.NewSigners(o.keys, public...))
}

func online(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("online " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func newOwner(name string, keys int) *owner {
	o := &owner{name: name, keys: keys}
	key := protocol.PublicKeyOf(online(name))
	op := identity.Genesis(o.signers(0), must(o.signers(1).Commitment()), identity.Online(key), noon)
	signed := must(op.Sign(o.roots(0)...))
	o.log = must(identity.Load(signed.ID(), [][]byte{must(signed.Encode())}))
	return o
}

// do appends a drafted operation and returns it.
func (o *owner) do(d identity.Draft) protocol.Signed {
	op := must(d.Op(o.signers(d.N), must(o.signers(d.N+1).Commitment())))
	signed := must(op.Sign(o.roots(d.N)...))
	must(o.log.AppendSigned(signed))
	return signed
}

// shop is a brand with a published catalog.
type shop struct {
	*owner
	entries []Entry // in key order
	trie    *trie.Memory
	root    trie.Hash
	head    SignedHead
}

func newShop(name string, records ...Record) *shop {
	return publish(newOwner(name, 1), records...)
}

func publish(o *owner, records ...Record) *shop {
	s := &shop{owner: o}
	for _, r := range records {
		s.entries = append(s.entries, must(NewEntry(r.Path(), must(Encode(r)))))
	}
	s.build()
	s.sign(online(o.name))
	return s
}

func (s *shop) build() {
	slices.SortFunc(s.entries, func(a, b Entry) int {
		x, y := trie.KeyOf(a.Path), trie.KeyOf(b.Path)
		return bytes.Compare(x[:], y[:])
	})
	var leaves []trie.Leaf
	for _, e := range s.entries {
		leaves = append(leaves, trie.NewLeaf(e.Path, e.CID))
	}
	memory, edit, err := trie.Build(leaves)
	if err != nil {
		panic(err)
	}
	s.trie, s.root = memory, edit.Root
}

// unsigned returns the next head of the shop's records.
func (s *shop) unsigned() Head {
	h := must(Next(nil, s.log.State().Epoch, noon))
	h.Brand, h.ID, h.Root = s.log.Brand(), s.log.State().Governing, s.root
	for _, e := range s.entries {
		h.Count, h.Bytes = h.Count+1, h.Bytes+uint64(len(e.Data))
	}
	return h
}

func (s *shop) sign(key ed25519.PrivateKey) { s.head = must(SignHead(s.unsigned(), key)) }

func (s *shop) records() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for _, e := range s.entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (s *shop) archive() []byte {
	var out bytes.Buffer
	if err := WriteArchive(&out, s.log, s.head, s.records()); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func (s *shop) prove(scope Scope, path protocol.Path) Bundle {
	return must(Prove(s.log, s.head, s.trie, scope, path, func(l trie.Leaf) ([]byte, error) {
		i := slices.IndexFunc(s.entries, func(e Entry) bool { return e.CID == l.Record && e.Path == l.Path })
		return s.entries[i].Data, nil
	}))
}

func blob(name string) protocol.CID { return protocol.Sum(protocol.Raw, []byte(name)) }

func eur(minor int64) protocol.Money { return protocol.NewMoney(minor, "EUR") }

func tea() *Product {
	return &Product{
		Header: HeaderOf(TypeProduct), Handle: "gyokuro", Title: "Gyokuro Hoshino", Description: "<p>Shaded for <b>21</b> days.</p>",
		Vendor: "Hoshino Seichaen", Kind: "Green tea", Category: "Food > Tea", Tags: []string{"green", "japan"},
		Options: []Option{{"Weight", []string{"50 g", "100 g"}}},
		Variants: []Variant{
			{ID: "gyokuro-50", Options: []string{"50 g"}, SKU: "GY-50", GTIN: "4006381333931", Grams: 50, Measure: &Quantity{50_000, "g"}, Media: 1},
			{ID: "gyokuro-100", Options: []string{"100 g"}, SKU: "GY-100", Grams: 100, Measure: &Quantity{100_000, "g"}},
		},
		Media: []MediaRef{{blob("a leaf"), "A bowl of dark leaves"}}, SEO: SEO{"Gyokuro", "Shaded green tea"},
		Fields: []Field{{"tea.steep", "duration", "PT2M"}}, Published: noon, Updated: noon,
		Translations: map[protocol.Language]Translation{"de": {Title: "Gyokuro aus Hoshino", Terms: map[string]string{"Weight": "Gewicht"}}},
	}
}

func teaOffer(variant protocol.VariantID, price int64) *Offer {
	return &Offer{Header: HeaderOf(TypeOffer), Product: "gyokuro", Variant: variant, Price: eur(price), Availability: InStock, TaxClass: TaxReduced}
}

func teaProfile() *Profile {
	return &Profile{
		Header: HeaderOf(TypeProfile), Name: "Hojicha & Co", Language: "en", Country: "DE", Currency: "EUR", Email: "tea@example.org",
		Phone: "+49 30 1234", Address: &Address{Street: "Teeweg 1", City: "Berlin", Country: "DE"}, Theme: Theme{Accent: "#3b6b4b", Type: "serif"},
		Home: Home{Hero: &Story{Title: "First flush", Link: &Link{"See it", "/c/new"}}, Sections: []Section{{Collection: "new"}}},
		Menu: []Link{{"Teas", "/c/all"}, {"Write", "mailto:tea@example.org"}}, Gateways: []string{"https://tea.example"}, Peers: []string{"/dns/tea.example/tcp/4001"},
	}
}

func teaRecords() []Record {
	return []Record{
		tea(), teaOffer("gyokuro-50", 2490), teaOffer("gyokuro-100", 4490), teaProfile(),
		&Collection{Header: HeaderOf(TypeCollection), Handle: "new", Title: "New", Products: []protocol.Handle{"gyokuro"}},
		&Page{Header: HeaderOf(TypePage), Handle: "about", Kind: "about", Title: "About", Body: "<p>Tea.</p>", Updated: noon},
		&Post{Header: HeaderOf(TypePost), Handle: "hello", Title: "Hello", Date: noon, Body: "<p>Hi.</p>"},
		&Media{Header: HeaderOf(TypeMedia), Blob: blob("a leaf"), MIME: "image/jpeg", Size: 1000, Width: 40, Height: 30, Color: "#223344"},
	}
}

func teaShop(t testing.TB) *shop {
	t.Helper()
	return newShop("tea", teaRecords()...)
}

// wants fails the test unless err is a refusal for the reason.
func wants(t *testing.T, err error, reason Reason) {
	t.Helper()
	if got := ReasonOf(err); err == nil || got != reason {
		t.Fatalf("reason %q, want %q (%v)", got, reason, err)
	}
}
