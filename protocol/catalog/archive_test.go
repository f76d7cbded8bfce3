package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"testing"
	"testing/iotest"

	blocks "github.com/ipfs/go-block-format"
	car "github.com/ipld/go-car/v2"
	"pgregory.net/rapid"

	"github.com/stoa-commerce/stoa/protocol"
)

func TestArchiveSurvives(t *testing.T) {
	for _, s := range []*shop{veteranShop(), newShop("empty"), bigShop(1), bigShop(PageEntries), bigShop(PageEntries + 1), bigShop(3 * PageEntries)} {
		data := s.archive()
		var got []Entry
		origin, err := ReadArchive(iotest.OneByteReader(bytes.NewReader(data)), ArchiveOptions{
			Brand: s.log.Brand(), Now: noon,
			Record: func(e Entry) error {
				e.Data = slices.Clone(e.Data)
				got = append(got, e)
				return nil
			},
		})
		if err != nil {
			t.Fatalf("%d records: %v", len(s.entries), err)
		}
		if origin.Head.CID != s.head.CID || len(origin.Identity) != s.log.Len() || origin.Expired {
			t.Errorf("came back as %+v", origin)
		}
		same := slices.EqualFunc(got, s.entries, func(a, b Entry) bool {
			return a.Path == b.Path && a.CID == b.CID && bytes.Equal(a.Data, b.Data)
		})
		if !same {
			t.Errorf("%d records came back as %d others", len(s.entries), len(got))
		}
	}
}

// bigShop has n posts.
func bigShop(n int) *shop {
	var records []Record
	for i := range n {
		handle := protocol.Handle(fmt.Sprint("post-", i))
		records = append(records, &Post{Header: HeaderOf(TypePost), Handle: handle, Title: "News", Date: noon, Body: string(handle)})
	}
	return newShop("big", records...)
}

func TestArchiveFollowsFromItsContent(t *testing.T) {
	if !bytes.Equal(veteranShop().archive(), veteranShop().archive()) {
		t.Error("two archives of one head differ")
	}
}

func TestExpiredArchiveIsValidAndSaysSo(t *testing.T) {
	s := teaShop(t)
	origin, err := ReadArchive(bytes.NewReader(s.archive()), ArchiveOptions{Now: s.head.Expires})
	if err != nil || !origin.Expired {
		t.Fatal(origin.Expired, err)
	}
}

func TestGoCarReadsTheArchive(t *testing.T) {
	s := veteranShop()
	r, err := car.NewBlockReader(bytes.NewReader(s.archive()))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Roots) != 1 || !bytes.Equal(r.Roots[0].Bytes(), s.head.CID.Bytes()) {
		t.Fatalf("roots %v", r.Roots)
	}
	found := map[string]bool{}
	var block blocks.Block
	for block, err = r.Next(); err == nil; block, err = r.Next() {
		found[block.Cid().String()] = true
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	for _, e := range s.entries {
		if !found[e.CID.String()] {
			t.Errorf("go-car finds no %s", e.Path)
		}
	}
	if !found[s.log.Brand().String()] || !found[s.head.CID.String()] {
		t.Error("go-car finds no genesis or no head")
	}
}

func verifyArchive(data []byte) error {
	_, err := ReadArchive(bytes.NewReader(data), ArchiveOptions{Now: noon})
	return err
}

func TestEveryChangedByteOfAnArchiveIsFound(t *testing.T) {
	everyDamage(t, newShop("tea", teaOffer("gyokuro-50", 2490), tea()).archive(), verifyArchive)
}

// section is one part of an archive, to be rearranged by tamperers.
type section struct {
	id   protocol.CID
	data []byte
}

func sections(archive []byte) (header []byte, list []section) {
	c := newCarReader(bytes.NewReader(archive))
	header = slices.Clone(must(c.section(MaxArchiveHeader)))
	for {
		id, data, err := c.block(1 << 20)
		if err != nil {
			return header, list
		}
		list = append(list, section{id, slices.Clone(data)})
	}
}

func assemble(header []byte, list []section) []byte {
	out := append([]byte{byte(len(header))}, header...)
	for _, s := range list {
		out = appendSection(out, s.id, s.data)
	}
	return out
}

func objectSection(v any) section {
	data := must(protocol.Marshal(v))
	return section{protocol.Sum(protocol.DagCBOR, data), data}
}

func reseal[T any](s section, change func(*T)) section {
	var v T
	if err := protocol.UnmarshalStrict(s.data, &v); err != nil {
		panic(err)
	}
	change(&v)
	return objectSection(v)
}

// The blocks of the archive that is tampered with: two operations, eight records.
const (
	atHead, atHeadSeal, atGenesis, atGenesisSeal, atOp, atOpSeal, atPage, atRecords = 0, 1, 2, 3, 4, 5, 6, 7
)

var archiveTampers = []struct {
	name   string
	reason Reason
	change func(s *shop, l []section) []section
}{
	{"a record left out", BlockOrder, func(s *shop, l []section) []section { return slices.Delete(l, atRecords, atRecords+1) }},
	{"a record and its announcement left out", CountMismatch, func(s *shop, l []section) []section {
		l[atPage] = reseal(l[atPage], func(p *page) { p.Records = p.Records[1:] })
		return slices.Delete(l, atRecords, atRecords+1)
	}},
	{"the last record left out", Truncated, func(s *shop, l []section) []section { return l[:len(l)-1] }},
	{"a record twice", BlockOrder, func(s *shop, l []section) []section { return slices.Insert(l, atRecords, l[atRecords]) }},
	{"two records swapped", BlockOrder, func(s *shop, l []section) []section {
		l[atRecords], l[atRecords+1] = l[atRecords+1], l[atRecords]
		return l
	}},
	{"two records swapped with their announcements", RecordOrder, func(s *shop, l []section) []section {
		l[atPage] = reseal(l[atPage], func(p *page) { p.Records[0], p.Records[1] = p.Records[1], p.Records[0] })
		l[atRecords], l[atRecords+1] = l[atRecords+1], l[atRecords]
		return l
	}},
	{"two records announced at each other's path", RootMismatch, func(s *shop, l []section) []section {
		l[atPage] = reseal(l[atPage], func(p *page) { p.Records[0].CID, p.Records[1].CID = p.Records[1].CID, p.Records[0].CID })
		l[atRecords], l[atRecords+1] = l[atRecords+1], l[atRecords]
		return l
	}},
	{"a record of the same size", RootMismatch, func(s *shop, l []section) []section { return replaceRecord(l, "Hello", "Hallo") }},
	{"a longer record", BytesMismatch, func(s *shop, l []section) []section { return replaceRecord(l, "Hello", "Hello!") }},
	{"a shorter record", BytesMismatch, func(s *shop, l []section) []section { return replaceRecord(l, "Hello", "Hell") }},
	{"a record announced at a bad path", RecordForm, func(s *shop, l []section) []section {
		l[atPage] = reseal(l[atPage], func(p *page) { p.Records[0].Path = "Product/x" })
		return l
	}},
	{"a record that isn't canonical", RecordForm, func(s *shop, l []section) []section {
		r := section{protocol.Sum(protocol.DagCBOR, []byte{0x18, 1}), []byte{0x18, 1}}
		l[atPage] = reseal(l[atPage], func(p *page) { p.Records[0].CID = r.id })
		l[atRecords] = r
		return l
	}},
	{"a record too much", TrailingBytes, func(s *shop, l []section) []section { return append(l, l[len(l)-1]) }},
	{"a page too much", TrailingBytes, func(s *shop, l []section) []section { return append(l, l[atPage], l[atRecords]) }},
	{"an overfull page", CountMismatch, func(s *shop, l []section) []section {
		l[atPage] = reseal(l[atPage], func(p *page) { p.Records = append(p.Records, p.Records[0]) })
		return l
	}},
	{"a page of another shape", PageForm, func(s *shop, l []section) []section {
		l[atPage] = objectSection(map[string]any{"records": []any{}, "more": 1})
		return l
	}},
	{"no page", PageForm, func(s *shop, l []section) []section { return slices.Delete(l, atPage, atPage+1) }},
	{"a block whose content is another", BlockHash, func(s *shop, l []section) []section {
		l[atRecords].data = l[atRecords+1].data
		return l
	}},
	{"a raw block", BlockID, func(s *shop, l []section) []section {
		l[atRecords].id = protocol.Sum(protocol.Raw, l[atRecords].data)
		return l
	}},
	{"another head under the root", BlockOrder, func(s *shop, l []section) []section {
		h := publish(s.owner, tea()).head
		l[atHead] = section{h.CID, h.Signed.Payload}
		return l
	}},
	{"the head left out", BlockOrder, func(s *shop, l []section) []section { return l[1:] }},
	{"the head signed by a stranger", HeadSignature, func(s *shop, l []section) []section {
		l[atHeadSeal] = reseal(l[atHeadSeal], func(x *headSeal) {
			x.Signatures = protocol.Sign(protocol.ObjectHead, l[atHead].data, online("stranger")).Signatures
		})
		return l
	}},
	{"the head not signed", HeadForm, func(s *shop, l []section) []section {
		l[atHeadSeal] = reseal(l[atHeadSeal], func(x *headSeal) { x.Signatures = nil })
		return l
	}},
	{"a seal of another block", BlockOrder, func(s *shop, l []section) []section {
		l[atHeadSeal] = reseal(l[atHeadSeal], func(x *headSeal) { x.Of = l[atGenesis].id })
		return l
	}},
	{"a version of tomorrow", WrongVersion, func(s *shop, l []section) []section {
		l[atHeadSeal] = reseal(l[atHeadSeal], func(x *headSeal) { x.V = 2 })
		return l
	}},
	{"no operations", TooLarge, func(s *shop, l []section) []section {
		l[atHeadSeal] = reseal(l[atHeadSeal], func(x *headSeal) { x.Ops = 0 })
		return slices.Delete(l, atGenesis, atPage)
	}},
	{"the last operation left out", HeadOperation, func(s *shop, l []section) []section {
		l[atHeadSeal] = reseal(l[atHeadSeal], func(x *headSeal) { x.Ops = 1 })
		return slices.Delete(l, atOp, atPage)
	}},
	{"operations swapped", BrandMismatch, func(s *shop, l []section) []section {
		return slices.Concat(l[:atGenesis], l[atOp:atPage], l[atGenesis:atOp], l[atPage:])
	}},
	{"an operation's seal left out", IdentityForm, func(s *shop, l []section) []section { return slices.Delete(l, atOpSeal, atOpSeal+1) }},
	{"an operation's signature left out", IdentitySignature, func(s *shop, l []section) []section {
		l[atOpSeal] = reseal(l[atOpSeal], func(x *seal) { x.Signatures = x.Signatures[1:] })
		return l
	}},
	{"an operation's signatures swapped", IdentityForm, func(s *shop, l []section) []section {
		l[atOpSeal] = reseal(l[atOpSeal], func(x *seal) { slices.Reverse(x.Signatures) })
		return l
	}},
	{"two archives in one file", TrailingBytes, func(s *shop, l []section) []section { return append(l, l...) }},
}

func replaceRecord(l []section, old, new string) []section {
	i := slices.IndexFunc(l, func(s section) bool { return bytes.Contains(s.data, []byte("\x65"+old)) })
	data := bytes.Replace(l[i].data, []byte("\x65"+old), append([]byte{0x60 + byte(len(new))}, new...), 1)
	l[i] = section{protocol.Sum(protocol.DagCBOR, data), data}
	l[atPage] = reseal(l[atPage], func(p *page) { p.Records[i-atRecords].CID = l[i].id })
	return l
}

func TestTamperedArchivesAreRefusedByName(t *testing.T) {
	for _, c := range archiveTampers {
		t.Run(c.name, func(t *testing.T) {
			s := veteranShop()
			header, list := sections(s.archive())
			data := assemble(header, c.change(s, list))
			_, err := ReadArchive(bytes.NewReader(data), ArchiveOptions{Brand: s.log.Brand(), Now: noon})
			wants(t, err, c.reason)
		})
	}
}

func TestArchiveFormIsNamed(t *testing.T) {
	s := teaShop(t)
	data := s.archive()
	header, list := sections(data)
	twoRoots := must(protocol.Marshal(carHeader{Roots: []protocol.CID{s.head.CID, s.head.CID}, Version: 1}))
	version2 := must(protocol.Marshal(carHeader{Roots: []protocol.CID{s.head.CID}, Version: 2}))
	padded := slices.Concat([]byte{byte(len(header)) | 0x80, 0}, header, data[1+len(header):])
	for name, c := range map[string]struct {
		data   []byte
		reason Reason
	}{
		"nothing":              {nil, Truncated},
		"a header alone":       {assemble(header, nil), Truncated},
		"a half":               {data[:len(data)/2], Truncated},
		"a byte more":          {append(slices.Clone(data), 0), TrailingBytes},
		"two roots":            {assemble(twoRoots, list), ArchiveHeader},
		"version 2":            {assemble(version2, list), ArchiveHeader},
		"a long length":        {padded, Varint},
		"an endless length":    {bytes.Repeat([]byte{0xff}, 20), Varint},
		"a header of 5000":     {append([]byte{0x88, 0x27}, make([]byte, 5000)...), TooLarge},
		"a section of a MiB":   {append(assemble(header, nil), 0x80, 0x80, 0x40), TooLarge},
		"a section of a byte":  {append(assemble(header, nil), 1, 0), BlockID},
		"a section of nothing": {append(assemble(header, nil), 0), BlockID},
		"another file":         {[]byte("PK\x03\x04 and so on, as such files go, for many more bytes than eighty, to be sure of that"), ArchiveHeader},
	} {
		if err := verifyArchive(c.data); ReasonOf(err) != c.reason {
			t.Errorf("%s: %v, want %s", name, err, c.reason)
		}
	}
}

func TestArchiveOfAnotherBrandIsRefusedBeforeItsRecords(t *testing.T) {
	s := teaShop(t)
	_, err := ReadArchive(bytes.NewReader(s.archive()), ArchiveOptions{
		Brand: newOwner("other", 1).log.Brand(), Now: noon,
		Record: func(Entry) error { t.Error("a record was handed on"); return nil },
	})
	wants(t, err, BrandMismatch)
}

func TestArchiveLimitsAreTheCallers(t *testing.T) {
	s := teaShop(t)
	for _, o := range []ArchiveOptions{{MaxRecords: 7}, {MaxBytes: s.head.Bytes - 1}} {
		o.Now = noon
		_, err := ReadArchive(bytes.NewReader(s.archive()), o)
		wants(t, err, TooLarge)
	}
}

func TestErrorsOfOthersAreNoRefusals(t *testing.T) {
	s := teaShop(t)
	disk := errors.New("disk full")
	_, err := ReadArchive(bytes.NewReader(s.archive()), ArchiveOptions{Now: noon, Record: func(Entry) error { return disk }})
	if !errors.Is(err, disk) || ReasonOf(err) != "" {
		t.Error(err)
	}
	_, err = ReadArchive(bytes.NewReader(s.archive()), ArchiveOptions{Now: noon, Begin: func(Origin) error { return disk }})
	if !errors.Is(err, disk) || ReasonOf(err) != "" {
		t.Error(err)
	}
	broken := io.MultiReader(bytes.NewReader(s.archive()[:900]), iotest.ErrReader(disk))
	if _, err = ReadArchive(broken, ArchiveOptions{Now: noon}); !errors.Is(err, disk) || ReasonOf(err) != "" {
		t.Error(err)
	}
}

func TestWriterRefusesRecordsThatAreNotTheHeads(t *testing.T) {
	s := teaShop(t)
	list := func(entries []Entry) iter.Seq2[Entry, error] {
		return (&shop{entries: entries}).records()
	}
	reversed := slices.Clone(s.entries)
	slices.Reverse(reversed)
	changed := slices.Clone(s.entries)
	i := slices.IndexFunc(changed, func(e Entry) bool { return e.Path == "post/hello" })
	changed[i].Data = bytes.Replace(changed[i].Data, []byte("Hello"), []byte("Hallo"), 1)
	for name, c := range map[string]struct {
		entries []Entry
		reason  Reason
	}{
		"one changed": {changed, RootMismatch},
		"one missing": {s.entries[1:], CountMismatch},
		"one twice":   {append(s.entries[:1:1], s.entries...), RecordOrder},
		"reversed":    {reversed, RecordOrder},
	} {
		err := WriteArchive(io.Discard, s.log, s.head, list(c.entries))
		if ReasonOf(err) != c.reason {
			t.Errorf("%s: %v, want %s", name, err, c.reason)
		}
	}
	if err := WriteArchive(io.Discard, newOwner("other", 1).log, s.head, s.records()); ReasonOf(err) != BrandMismatch {
		t.Error(err)
	}
}

// Any set of records, of known types or not, comes back as it was.
func TestArchivesCarryAnyRecords(t *testing.T) {
	o := newOwner("any", 1)
	rapid.Check(t, func(t *rapid.T) {
		paths := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,6}/[a-z0-9.-]{1,8}x`), 0, 300, rapid.ID[string]).Draw(t, "paths")
		s := &shop{owner: o}
		for i, p := range paths {
			s.entries = append(s.entries, must(NewEntry(protocol.Path(p), must(protocol.Marshal(map[string]any{"n": i})))))
		}
		s.build()
		s.sign(online(o.name))
		i := 0
		_, err := ReadArchive(bytes.NewReader(s.archive()), ArchiveOptions{Now: noon, Record: func(e Entry) error {
			if e.Path != s.entries[i].Path || !bytes.Equal(e.Data, s.entries[i].Data) {
				return fmt.Errorf("record %d is %s", i, e.Path)
			}
			i++
			return nil
		}})
		if err != nil || i != len(paths) {
			t.Fatalf("%d of %d records: %v", i, len(paths), err)
		}
	})
}

// Most of it is hashing: five SHA-256 a record.
func BenchmarkReadArchive(b *testing.B) {
	const records = 20_000
	data := bigShop(records).archive()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := verifyArchive(data); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/records, "ns/record")
}
