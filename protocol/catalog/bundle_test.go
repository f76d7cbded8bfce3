package catalog

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/trie"
)

// veteranShop has two root keys and an identity of two operations.
func veteranShop() *shop {
	o := newOwner("veteran", 2)
	o.do(o.log.State().Draft(noon).Add(protocol.PublicKeyOf(online("veteran second"))))
	return publish(o, teaRecords()...)
}

func TestBundleShowsWhatIsThereAndWhatIsNot(t *testing.T) {
	s := veteranShop()
	cases := []struct {
		scope   Scope
		path    protocol.Path
		records int
	}{
		{ScopeGroup, "product/gyokuro", 3},
		{ScopeGroup, "offer/gyokuro/gyokuro-50", 3},
		{ScopeGroup, "profile", 1},
		{ScopeRecord, "offer/gyokuro/gyokuro-50", 1},
		{ScopeRecord, "page/about", 1},
		{ScopeRecord, "offer/gyokuro/gyokuro-200", 0},
		{ScopeGroup, "product/sencha", 0},
	}
	for _, c := range cases {
		data := must(s.prove(c.scope, c.path).Encode())
		got, err := VerifyBundle(data, s.log.Brand(), noon)
		if err != nil {
			t.Errorf("%s %s: %v", c.scope, c.path, err)
			continue
		}
		if len(got.Records) != c.records || got.Absent() != (c.records == 0) || got.Head.CID != s.head.CID {
			t.Errorf("%s %s: %d records of %s", c.scope, c.path, len(got.Records), got.Head.CID)
		}
		for _, e := range got.Records {
			if _, err := Decode(e.Path, e.Data); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestBundleOfEmptyCatalogShowsAbsence(t *testing.T) {
	s := newShop("empty")
	got, err := VerifyBundle(must(s.prove(ScopeRecord, "profile").Encode()), s.log.Brand(), noon)
	if err != nil || !got.Absent() {
		t.Fatal(got, err)
	}
}

func TestExpiredBundleIsValidAndSaysSo(t *testing.T) {
	s := teaShop(t)
	data := must(s.prove(ScopeRecord, "profile").Encode())
	got, err := VerifyBundle(data, s.log.Brand(), s.head.Expires)
	if err != nil || !got.Expired {
		t.Fatal(got.Expired, err)
	}
}

func TestEveryChangedByteOfABundleIsFound(t *testing.T) {
	s := teaShop(t)
	for _, b := range []Bundle{s.prove(ScopeGroup, "product/gyokuro"), s.prove(ScopeRecord, "offer/gyokuro/none")} {
		data := must(b.Encode())
		everyDamage(t, data, func(damaged []byte) error {
			_, err := VerifyBundle(damaged, protocol.CID{}, noon)
			return err
		})
	}
}

// everyDamage flips, cuts off, removes, doubles, inserts and swaps at every byte.
func everyDamage(t *testing.T, data []byte, verify func([]byte) error) {
	t.Helper()
	refused := func(what string, at int, damaged []byte) {
		if err := verify(damaged); ReasonOf(err) == "" {
			t.Fatalf("%s at byte %d of %d: %v", what, at, len(data), err)
		}
	}
	for i := range data {
		flipped := slices.Clone(data)
		for _, mask := range []byte{1, 0x80} {
			flipped[i] = data[i] ^ mask
			refused("flipped", i, flipped)
		}
		refused("cut", i, data[:i])
		refused("removed", i, slices.Delete(slices.Clone(data), i, i+1))
		refused("doubled", i, slices.Insert(slices.Clone(data), i, data[i]))
		if i > 0 && data[i] != data[i-1] {
			swapped := slices.Clone(data)
			swapped[i], swapped[i-1] = data[i-1], data[i]
			refused("swapped", i, swapped)
		}
	}
	refused("appended", len(data), append(slices.Clone(data), 0))
}

// A tamperer may encode what they changed canonically; each kind has its name.
var bundleTampers = []struct {
	name   string
	reason Reason
	change func(s *shop, b *Bundle)
}{
	{"another price", RecordHash, func(s *shop, b *Bundle) {
		i := b.find("offer/gyokuro/gyokuro-50")
		b.Records[i].Data = must(Encode(teaOffer("gyokuro-50", 1)))
	}},
	{"another price with its hash", RootMismatch, func(s *shop, b *Bundle) {
		i := b.find("offer/gyokuro/gyokuro-50")
		b.Records[i] = must(NewEntry(b.Records[i].Path, must(Encode(teaOffer("gyokuro-50", 1)))))
	}},
	{"an offer left out", GroupIncomplete, func(s *shop, b *Bundle) { b.drop("offer/gyokuro/gyokuro-100") }},
	{"the product left out", GroupIncomplete, func(s *shop, b *Bundle) { b.drop("product/gyokuro") }},
	{"all records left out", GroupIncomplete, func(s *shop, b *Bundle) { b.Records = nil }},
	{"a record too much", RootMismatch, func(s *shop, b *Bundle) {
		b.Records = append(b.Records, must(NewEntry("offer/gyokuro/gyokuro-9", must(Encode(teaOffer("gyokuro-9", 1))))))
		b.sort()
	}},
	{"a record of another group", PathMismatch, func(s *shop, b *Bundle) {
		b.Records = append(b.Records, must(NewEntry("profile", must(Encode(teaProfile())))))
		b.sort()
	}},
	{"records out of order", RecordOrder, func(s *shop, b *Bundle) { slices.Reverse(b.Records) }},
	{"a record twice", RecordOrder, func(s *shop, b *Bundle) { b.Records = append(b.Records, b.Records[len(b.Records)-1]) }},
	{"two records changed places", RecordHash, func(s *shop, b *Bundle) {
		b.Records[0].Data, b.Records[1].Data = b.Records[1].Data, b.Records[0].Data
	}},
	{"a record that isn't canonical", RecordForm, func(s *shop, b *Bundle) {
		b.Records[0].Data = []byte{0x18, 1}
		b.Records[0].CID = protocol.Sum(protocol.DagCBOR, b.Records[0].Data)
	}},
	{"asked for another product", PathMismatch, func(s *shop, b *Bundle) { b.Path = "product/sencha" }},
	{"a group named by its offer", PathMismatch, func(s *shop, b *Bundle) { b.Path = "offer/gyokuro/gyokuro-50" }},
	{"unknown scope", ProofForm, func(s *shop, b *Bundle) { b.Scope = "all" }},
	{"a group passed as a record", ProofForm, func(s *shop, b *Bundle) { b.Scope = ScopeRecord }},
	{"no proof", ProofForm, func(s *shop, b *Bundle) { b.Proof = nil }},
	{"proof and absence", ProofForm, func(s *shop, b *Bundle) { b.Absence = &trie.Absence{} }},
	{"absence beside records", ProofForm, func(s *shop, b *Bundle) { b.Proof, b.Absence = nil, &trie.Absence{} }},
	{"denied with an empty proof", RootMismatch, func(s *shop, b *Bundle) { b.Proof, b.Records, b.Absence = nil, nil, &trie.Absence{} }},
	{"denied with another's proof", RootMismatch, func(s *shop, b *Bundle) {
		a := s.prove(ScopeGroup, "product/none").Absence
		b.Proof, b.Records, b.Absence = nil, nil, a
	}},
	{"a sibling changed", RootMismatch, func(s *shop, b *Bundle) { b.Proof.Siblings[0] ^= 1 }},
	{"a step left out", RootMismatch, func(s *shop, b *Bundle) {
		p := *b.Proof
		last := len(p.Bits) - 1
		p.Bits[last] &= p.Bits[last] - 1
		for len(p.Bits) > 0 && p.Bits[len(p.Bits)-1] == 0 {
			p.Bits = p.Bits[:len(p.Bits)-1]
		}
		p.Siblings = p.Siblings[:len(p.Siblings)-32]
		b.Proof = &p
	}},
	{"a sibling too much", NotCBOR, func(s *shop, b *Bundle) { b.Proof.Siblings = append(b.Proof.Siblings, make([]byte, 32)...) }},
	{"an older head of the shop", RootMismatch, func(s *shop, b *Bundle) {
		b.Head = publish(s.owner, teaProfile()).head.Signed
	}},
	{"a head of another brand", BrandMismatch, func(s *shop, b *Bundle) { b.Head = newShop("other").head.Signed }},
	{"another brand altogether", BrandMismatch, func(s *shop, b *Bundle) { *b = newShop("other", tea()).prove(ScopeGroup, "product/gyokuro") }},
	{"a head signed by a stranger", HeadSignature, func(s *shop, b *Bundle) {
		b.Head = protocol.Sign(protocol.ObjectHead, b.Head.Payload, online("stranger"))
	}},
	{"a stranger's signature under the key's name", HeadSignature, func(s *shop, b *Bundle) {
		forged := protocol.Sign(protocol.ObjectHead, b.Head.Payload, online("stranger"))
		forged.Signatures[0].Key = b.Head.Signatures[0].Key
		b.Head = forged
	}},
	{"a head signed as an identity", HeadSignature, func(s *shop, b *Bundle) {
		b.Head = protocol.Sign(protocol.ObjectIdentity, b.Head.Payload, online("veteran"))
	}},
	{"two signatures on the head", HeadForm, func(s *shop, b *Bundle) {
		b.Head = protocol.Sign(protocol.ObjectHead, b.Head.Payload, online("veteran"), online("stranger"))
	}},
	{"the head's root changed", HeadSignature, func(s *shop, b *Bundle) { b.rewriteHead(s, false, func(h *Head) { h.Root[0] ^= 1 }) }},
	{"another epoch", WrongEpoch, func(s *shop, b *Bundle) { b.rewriteHead(s, true, func(h *Head) { h.Epoch++ }) }},
	{"an operation nobody knows", HeadOperation, func(s *shop, b *Bundle) { b.rewriteHead(s, true, func(h *Head) { h.ID = s.head.CID }) }},
	{"dated tomorrow", HeadFuture, func(s *shop, b *Bundle) {
		b.rewriteHead(s, true, func(h *Head) { h.Time += 24 * 3600 * 1000; h.Expires += 24 * 3600 * 1000 })
	}},
	{"seq of next year", HeadFastForward, func(s *shop, b *Bundle) { b.rewriteHead(s, true, func(h *Head) { h.Seq += 365 * 24 * 3600 * 1000 }) }},
	{"no identity", IdentityOrder, func(s *shop, b *Bundle) { b.Identity = nil }},
	{"the last operation left out", HeadOperation, func(s *shop, b *Bundle) { b.Identity = b.Identity[:1] }},
	{"the genesis left out", BrandMismatch, func(s *shop, b *Bundle) { b.Identity = b.Identity[1:] }},
	{"operations out of order", BrandMismatch, func(s *shop, b *Bundle) { slices.Reverse(b.Identity) }},
	{"an operation twice", IdentityOrder, func(s *shop, b *Bundle) { b.Identity = append(b.Identity, b.Identity[1]) }},
	{"an operation's signature left out", IdentitySignature, func(s *shop, b *Bundle) {
		b.Identity[1].Signatures = b.Identity[1].Signatures[:1]
	}},
	{"an operation's signature by a stranger", IdentitySignature, func(s *shop, b *Bundle) {
		b.Identity[1].Signatures = protocol.Sign(protocol.ObjectIdentity, b.Identity[1].Payload, online("a"), online("b")).Signatures
		slices.SortFunc(b.Identity[1].Signatures, compareSignatures)
	}},
	{"an operation's signatures reversed", IdentityForm, func(s *shop, b *Bundle) { slices.Reverse(b.Identity[1].Signatures) }},
	{"an operation that isn't one", IdentityForm, func(s *shop, b *Bundle) { b.Identity[1].Payload = b.Head.Payload }},
}

func (b *Bundle) find(path protocol.Path) int {
	return slices.IndexFunc(b.Records, func(e Entry) bool { return e.Path == path })
}

func (b *Bundle) drop(path protocol.Path) {
	i := b.find(path)
	b.Records = slices.Delete(slices.Clone(b.Records), i, i+1)
}

func (b *Bundle) sort() {
	slices.SortFunc(b.Records, func(x, y Entry) int {
		a, b := trie.KeyOf(x.Path), trie.KeyOf(y.Path)
		return strings.Compare(string(a[:]), string(b[:]))
	})
}

// rewriteHead changes the head and signs it anew with the brand's own key, or
// keeps the old signature.
func (b *Bundle) rewriteHead(s *shop, sign bool, change func(*Head)) {
	h := s.head.Head
	change(&h)
	signed := must(SignHead(h, online(s.name))).Signed
	if !sign {
		signed.Signatures = b.Head.Signatures
	}
	b.Head = signed
}

func TestTamperedBundlesAreRefusedByName(t *testing.T) {
	for _, c := range bundleTampers {
		t.Run(c.name, func(t *testing.T) {
			s := veteranShop()
			b := s.prove(ScopeGroup, "product/gyokuro")
			c.change(s, &b)
			_, err := VerifyBundle(must(b.Encode()), s.log.Brand(), noon)
			wants(t, err, c.reason)
		})
	}
}

func TestBundleFormIsNamed(t *testing.T) {
	data := must(teaShop(t).prove(ScopeRecord, "profile").Encode())
	var fields map[string]any
	if err := protocol.Unmarshal(must(protocol.Marshal(map[string]any{"v": 2, "shape": "of tomorrow"})), &fields); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		data   []byte
		reason Reason
	}{
		"nothing":         {nil, Truncated},
		"a half":          {data[:len(data)/2], Truncated},
		"a byte more":     {append(slices.Clone(data), 0), TrailingBytes},
		"too large":       {make([]byte, MaxBundle+1), TooLarge},
		"noise":           {[]byte{0xff, 0xff}, NotCBOR},
		"no map":          {[]byte{0x01}, NotCBOR},
		"another version": {must(protocol.Marshal(fields)), WrongVersion},
		"an empty map":    {[]byte{0xa0}, WrongVersion},
		"only a version":  {must(protocol.Marshal(map[string]any{"v": 1})), NotCBOR},
	} {
		_, err := VerifyBundle(c.data, protocol.CID{}, noon)
		if ReasonOf(err) != c.reason {
			t.Errorf("%s: %v, want %s", name, err, c.reason)
		}
	}
}

func TestLeavesOfAnAbsenceAreLimitedByItsForm(t *testing.T) {
	b := teaShop(t).prove(ScopeRecord, "offer/gyokuro/1-kg")
	for n, want := range map[int]Reason{trie.MaxGroup: RootMismatch, trie.MaxGroup + 1: NotCBOR} {
		b.Absence.Leaves = slices.Repeat(b.Absence.Leaves[:1], n)
		if _, err := VerifyBundle(must(b.Encode()), protocol.CID{}, noon); ReasonOf(err) != want {
			t.Errorf("%d leaves: %v, want %s", n, err, want)
		}
	}
}

func TestEveryCutOfABundleIsTruncatedAndEveryAdditionTrailing(t *testing.T) {
	data := must(teaShop(t).prove(ScopeRecord, "offer/gyokuro/1-kg").Encode())
	for n := range data {
		if _, err := DecodeBundle(data[:n]); ReasonOf(err) != Truncated {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
	for b := range 256 {
		if _, err := DecodeBundle(append(slices.Clone(data), byte(b))); ReasonOf(err) != TrailingBytes {
			t.Fatalf("with byte %d: %v", b, err)
		}
	}
}

// Whatever is published, a bundle about any path shows what a plain map of the
// records says.
func TestBundlesAgreeWithAPlainMap(t *testing.T) {
	o := newOwner("model", 1)
	rapid.Check(t, func(t *rapid.T) {
		path := rapid.StringMatching(`(product/[a-c]|offer/[a-c]/[x-z]|page/[a-f])`)
		model := map[string][]byte{}
		for i, p := range rapid.SliceOfDistinct(path, rapid.ID[string]).Draw(t, "published") {
			model[p] = must(protocol.Marshal(map[string]any{"n": i}))
		}
		s := &shop{owner: o}
		for p, data := range model {
			s.entries = append(s.entries, must(NewEntry(protocol.Path(p), data)))
		}
		s.build()
		s.sign(online(o.name))
		asked := protocol.Path(path.Draw(t, "asked"))
		scope := rapid.SampledFrom([]Scope{ScopeRecord, ScopeGroup}).Draw(t, "scope")
		got, err := VerifyBundle(must(s.prove(scope, asked).Encode()), o.log.Brand(), noon)
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		for p := range model {
			if protocol.Path(p) == asked || scope == ScopeGroup && protocol.Path(p).Group() == asked.Group() {
				want++
			}
		}
		for _, e := range got.Records {
			if string(model[string(e.Path)]) != string(e.Data) {
				t.Fatalf("%s is shown as %x", e.Path, e.Data)
			}
		}
		if len(got.Records) != want {
			t.Fatalf("%d records, published are %d", len(got.Records), want)
		}
	})
}
