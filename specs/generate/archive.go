package main

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// archiveVectors makes the cases of specs/09-archive.md §6.
func archiveVectors() (any, error) {
	cases := append(goodArchives(), damagedArchives()...)
	cases = append(cases, tamperedArchives()...)
	return vecSet{"09-archive", "Archives, looked at by the clock now; specs/09-archive.md §6 says what each field holds.", cases}, nil
}

func (s *stall) archiveVec(name string, archive []byte) vec {
	return vec{"name": name, "brand": s.log.Brand(), "now": int64(stallNow), "archive": hexed(archive)}
}

func goodArchives() []vec {
	var cases []vec
	add := func(name string, s *stall, now protocol.Millis) {
		var paths []protocol.Path
		origin := sure(catalog.ReadArchive(bytes.NewReader(s.archive()), catalog.ArchiveOptions{Now: now, Record: func(e catalog.Entry) error {
			paths = append(paths, e.Path)
			return nil
		}}))
		cases = append(cases, s.archiveVec(name, s.archive()).with(vec{
			"valid": true, "now": int64(now), "head": origin.Head.CID, "expired": origin.Expired, "paths": paths,
		}))
	}
	add("a catalog of eight records", teaStall(), stallNow)
	add("an empty catalog", stallOf("empty"), stallNow)
	add("two pages", stallOf("posts", posts(catalog.PageEntries+1)...), stallNow)
	add("an expired head", teaStall(), stallNow+72*hour)
	return cases
}

func posts(n int) []catalog.Record {
	var records []catalog.Record
	for i := range n {
		handle := protocol.Handle([]byte{'p', byte('a' + i/26), byte('a' + i%26)})
		records = append(records, &catalog.Post{Header: catalog.HeaderOf(catalog.TypePost), Handle: handle, Title: "News", Date: stallNow})
	}
	return records
}

func damagedArchives() []vec {
	s := teaStall()
	good := s.archive()
	var cases []vec
	add := func(name string, data []byte) {
		_, err := catalog.ReadArchive(bytes.NewReader(data), catalog.ArchiveOptions{Brand: s.log.Brand(), Now: stallNow})
		cases = append(cases, s.archiveVec(name, data).with(vec{"valid": false, "error": catalog.ReasonOf(err)}))
	}
	header, blocks := splitCAR(good)
	add("no bytes", nil)
	add("a half", good[:len(good)/2])
	add("a byte more", append(slices.Clone(good), 0))
	add("a length of a needless byte", slices.Concat([]byte{byte(len(header)) | 0x80, 0}, good[1:]))
	add("two roots", joinCAR(carHeader(1, s.head.CID, s.head.CID), blocks))
	add("another version of the format", joinCAR(carHeader(2, s.head.CID), blocks))
	for _, at := range []int{0, 20, 60, 110, 500, 1500, len(good) - 1} {
		flipped := slices.Clone(good)
		flipped[at] ^= 1
		add("a bit flipped", flipped)
	}
	return cases
}

func carHeader(version int, roots ...protocol.CID) []byte {
	return sure(protocol.Marshal(map[string]any{"roots": roots, "version": version}))
}

// carBlock is one block of an archive.
type carBlock struct {
	id   protocol.CID
	data []byte
}

func blockOf(data []byte) carBlock { return carBlock{protocol.Sum(protocol.DagCBOR, data), data} }

func splitCAR(archive []byte) (header []byte, blocks []carBlock) {
	header, rest := cutSection(archive)
	for len(rest) > 0 {
		var section []byte
		section, rest = cutSection(rest)
		blocks = append(blocks, carBlock{sure(protocol.CIDFromBytes(section[:protocol.CIDSize])), section[protocol.CIDSize:]})
	}
	return header, blocks
}

func cutSection(b []byte) (section, rest []byte) {
	n, size := binary.Uvarint(b)
	return b[size : size+int(n)], b[size+int(n):]
}

func joinCAR(header []byte, blocks []carBlock) []byte {
	out := append(binary.AppendUvarint(nil, uint64(len(header))), header...)
	for _, b := range blocks {
		out = binary.AppendUvarint(out, uint64(protocol.CIDSize+len(b.data)))
		out = append(b.id.Append(out), b.data...)
	}
	return out
}

// Where the blocks of teaStall's archive stand: two operations, eight records.
const (
	blockHead, blockHeadSeal, blockGenesis, blockOp, blockOpSeal, blockPage, blockRecord = 0, 1, 2, 4, 5, 6, 7
)

// tamperedArchives keep every block true to its identifier.
func tamperedArchives() []vec {
	var cases []vec
	tamper := func(name string, reason catalog.Reason, change func(s *stall, b []carBlock) []carBlock) {
		s := teaStall()
		header, blocks := splitCAR(s.archive())
		cases = append(cases, s.archiveVec(name, joinCAR(header, change(s, blocks))).with(vec{"valid": false, "error": reason}))
	}
	tamperPages(tamper)
	tamperBlocks(tamper)
	tamperOrigin(tamper)
	return cases
}

type archiveTamper func(name string, reason catalog.Reason, change func(s *stall, b []carBlock) []carBlock)

// entriesBlock is an index page of the stall's records.
func entriesBlock(entries []catalog.Entry) carBlock {
	list := [][]any{}
	for _, e := range entries {
		list = append(list, []any{e.Path, e.CID})
	}
	return blockOf(sure(protocol.Marshal(map[string]any{"records": list})))
}

func tamperPages(tamper archiveTamper) {
	tamper("a record and its announcement left out", catalog.CountMismatch, func(s *stall, b []carBlock) []carBlock {
		b[blockPage] = entriesBlock(s.entries[1:])
		return slices.Delete(b, blockRecord, blockRecord+1)
	})
	tamper("two records swapped with their announcements", catalog.RecordOrder, func(s *stall, b []carBlock) []carBlock {
		s.entries[0], s.entries[1] = s.entries[1], s.entries[0]
		b[blockPage] = entriesBlock(s.entries)
		b[blockRecord], b[blockRecord+1] = b[blockRecord+1], b[blockRecord]
		return b
	})
	tamper("two records at each other's path", catalog.RootMismatch, func(s *stall, b []carBlock) []carBlock {
		s.entries[0].CID, s.entries[1].CID = s.entries[1].CID, s.entries[0].CID
		b[blockPage] = entriesBlock(s.entries)
		b[blockRecord], b[blockRecord+1] = b[blockRecord+1], b[blockRecord]
		return b
	})
	tamper("a longer record", catalog.BytesMismatch, func(s *stall, b []carBlock) []carBlock {
		i := len(s.entries) - 1
		fields := append(slices.Clone(s.entries[i].Data), "\x74zzzzzzzzzzzzzzzzzzzz\x01"...)
		fields[0]++ // one more pair in the map, behind all others
		b[blockRecord+i] = blockOf(fields)
		s.entries[i].CID = b[blockRecord+i].id
		b[blockPage] = entriesBlock(s.entries)
		return b
	})
	tamper("a record at no path", catalog.RecordForm, func(s *stall, b []carBlock) []carBlock {
		s.entries[0].Path = "Profile"
		b[blockPage] = entriesBlock(s.entries)
		return b
	})
	tamper("a page of another shape", catalog.PageForm, func(s *stall, b []carBlock) []carBlock {
		b[blockPage] = blockOf(sure(protocol.Marshal(map[string]any{"records": []int{}, "more": 1})))
		return b
	})
	tamper("no page", catalog.PageForm, func(s *stall, b []carBlock) []carBlock { return slices.Delete(b, blockPage, blockPage+1) })
}

func tamperBlocks(tamper archiveTamper) {
	tamper("a record left out", catalog.BlockOrder, func(s *stall, b []carBlock) []carBlock { return slices.Delete(b, blockRecord, blockRecord+1) })
	tamper("the last record left out", catalog.Truncated, func(s *stall, b []carBlock) []carBlock { return b[:len(b)-1] })
	tamper("a record twice", catalog.BlockOrder, func(s *stall, b []carBlock) []carBlock { return slices.Insert(b, blockRecord, b[blockRecord]) })
	tamper("two records swapped", catalog.BlockOrder, func(s *stall, b []carBlock) []carBlock {
		b[blockRecord], b[blockRecord+1] = b[blockRecord+1], b[blockRecord]
		return b
	})
	tamper("a record too much", catalog.TrailingBytes, func(s *stall, b []carBlock) []carBlock { return append(b, b[blockRecord]) })
	tamper("two archives in one file", catalog.TrailingBytes, func(s *stall, b []carBlock) []carBlock { return append(b, b...) })
	tamper("a block of another content", catalog.BlockHash, func(s *stall, b []carBlock) []carBlock {
		b[blockRecord].data = b[blockRecord+1].data
		return b
	})
	tamper("a raw block", catalog.BlockID, func(s *stall, b []carBlock) []carBlock {
		b[blockRecord].id = protocol.Sum(protocol.Raw, b[blockRecord].data)
		return b
	})
}

// headSealOf makes the block behind the head.
func headSealOf(version, ops int, of protocol.CID, signatures []protocol.Signature) carBlock {
	return blockOf(sure(protocol.Marshal(map[string]any{"v": version, "ops": ops, "of": of, "signatures": signatures})))
}

func tamperOrigin(tamper archiveTamper) {
	seal := func(name string, reason catalog.Reason, make func(s *stall) carBlock) {
		tamper(name, reason, func(s *stall, b []carBlock) []carBlock {
			b[blockHeadSeal] = make(s)
			return b
		})
	}
	seal("signed by a stranger", catalog.HeadSignature, func(s *stall) carBlock {
		forged := protocol.Sign(protocol.ObjectHead, s.head.Signed.Payload, namedKey("stranger"))
		return headSealOf(1, 2, s.head.CID, forged.Signatures)
	})
	seal("not signed", catalog.HeadForm, func(s *stall) carBlock { return headSealOf(1, 2, s.head.CID, []protocol.Signature{}) })
	seal("the seal of another block", catalog.BlockOrder, func(s *stall) carBlock {
		return headSealOf(1, 2, s.log.Brand(), s.head.Signed.Signatures)
	})
	seal("a version of tomorrow", catalog.WrongVersion, func(s *stall) carBlock { return headSealOf(2, 2, s.head.CID, s.head.Signed.Signatures) })
	seal("no operations", catalog.TooLarge, func(s *stall) carBlock { return headSealOf(1, 0, s.head.CID, s.head.Signed.Signatures) })
	tamper("the head left out", catalog.BlockOrder, func(s *stall, b []carBlock) []carBlock { return b[1:] })
	tamper("the last operation left out", catalog.HeadOperation, func(s *stall, b []carBlock) []carBlock {
		b[blockHeadSeal] = headSealOf(1, 1, s.head.CID, s.head.Signed.Signatures)
		return slices.Delete(b, blockOp, blockPage)
	})
	tamper("operations swapped", catalog.BrandMismatch, func(s *stall, b []carBlock) []carBlock {
		return slices.Concat(b[:blockGenesis], b[blockOp:blockPage], b[blockGenesis:blockOp], b[blockPage:])
	})
	tamper("the seal of an operation left out", catalog.IdentityForm, func(s *stall, b []carBlock) []carBlock {
		return slices.Delete(b, blockOpSeal, blockOpSeal+1)
	})
	tamper("another head under the root", catalog.BlockOrder, func(s *stall, b []carBlock) []carBlock {
		b[blockHead] = blockOf(s.signed(func(h *catalog.Head) { h.Seq++ }).Signed.Payload)
		return b
	})
}
