package catalog

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"iter"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
	"github.com/stoa-commerce/stoa/protocol/trie"
)

// WriteArchive writes the catalog of a head to w in one pass. records yields
// every record in ascending order of trie.KeyOf(path); CID may be left out, and
// Data may be reused once the next record is asked for. It holds at most
// PageEntries records. What was written is good only if the error is nil: records
// that are not those of the head are noticed, at the latest at the end. The bytes
// follow from head, log and records alone.
func WriteArchive(w io.Writer, log *identity.Log, head SignedHead, records iter.Seq2[Entry, error]) error {
	if err := VerifyHead(head, log.State()); err != nil {
		return fmt.Errorf("write archive: %w", err)
	}
	out := &archiveWriter{w: bufio.NewWriterSize(w, 256<<10), head: head, ledger: newLedger(head.Head)}
	if err := out.origin(inOrder(log)); err != nil {
		return fmt.Errorf("write archive: %w", err)
	}
	for e, err := range records {
		if err == nil {
			err = out.add(e)
		}
		if err != nil {
			return fmt.Errorf("write archive: %w", err)
		}
	}
	if err := out.finish(); err != nil {
		return fmt.Errorf("write archive: %w", err)
	}
	return nil
}

type archiveWriter struct {
	w      *bufio.Writer
	head   SignedHead
	ledger *ledger
	page   page
	blocks []byte // the sections of the records on page
}

func (a *archiveWriter) origin(ops []protocol.Signed) error {
	header, err := protocol.Marshal(carHeader{Roots: []protocol.CID{a.head.CID}, Version: 1})
	if err != nil {
		return err
	}
	if _, err := a.w.Write(append(binary.AppendUvarint(nil, uint64(len(header))), header...)); err != nil {
		return err
	}
	s := a.head.Signed
	if err := a.sealed(s.Payload, headSeal{V: Version, Of: s.ID(), Ops: uint64(len(ops)), Signatures: s.Signatures}); err != nil {
		return err
	}
	for _, op := range ops {
		if err := a.sealed(op.Payload, seal{Of: op.ID(), Signatures: op.Signatures}); err != nil {
			return err
		}
	}
	return nil
}

func (a *archiveWriter) sealed(payload []byte, seal any) error {
	if err := a.block(payload); err != nil {
		return err
	}
	return a.object(seal)
}

func (a *archiveWriter) object(v any) error {
	data, err := protocol.Marshal(v)
	if err != nil {
		return err
	}
	return a.block(data)
}

func (a *archiveWriter) block(data []byte) error {
	_, err := a.w.Write(appendSection(nil, protocol.Sum(protocol.DagCBOR, data), data))
	return err
}

func (a *archiveWriter) add(e Entry) error {
	e.CID = protocol.Sum(protocol.DagCBOR, e.Data)
	if err := CheckForm(e.Path, e.Data); err != nil {
		return err
	}
	if err := a.ledger.add(e); err != nil {
		return err
	}
	a.page.Records = append(a.page.Records, pageEntry{Path: string(e.Path), CID: e.CID})
	a.blocks = appendSection(a.blocks, e.CID, e.Data)
	if len(a.page.Records) == PageEntries {
		return a.flush()
	}
	return nil
}

func (a *archiveWriter) flush() error {
	if err := a.object(a.page); err != nil {
		return err
	}
	_, err := a.w.Write(a.blocks)
	a.page.Records, a.blocks = a.page.Records[:0], a.blocks[:0]
	return err
}

func (a *archiveWriter) finish() error {
	if len(a.page.Records) > 0 {
		if err := a.flush(); err != nil {
			return err
		}
	}
	if err := a.ledger.close(); err != nil {
		return err
	}
	return a.w.Flush()
}

// ledger checks records, as they come in the order of their keys, against what a
// head commits to. It holds a few hundred hashes, however many records come.
type ledger struct {
	head    Head
	builder *trie.Builder
	count   uint64
	bytes   uint64
	last    trie.Key
}

func newLedger(h Head) *ledger {
	return &ledger{head: h, builder: trie.NewBuilder(func(trie.Row) error { return nil })}
}

func (l *ledger) add(e Entry) error {
	leaf := trie.NewLeaf(e.Path, e.CID)
	if l.count > 0 && bytes.Compare(l.last[:], leaf.Key[:]) >= 0 {
		return refuse(RecordOrder, "at %s", e.Path)
	}
	l.count, l.bytes, l.last = l.count+1, l.bytes+uint64(len(e.Data)), leaf.Key
	if l.count > l.head.Count {
		return refuse(CountMismatch, "more than the %d records of the head", l.head.Count)
	}
	if l.bytes > l.head.Bytes {
		return refuse(BytesMismatch, "more than the %d bytes of the head", l.head.Bytes)
	}
	if err := l.builder.Add(leaf); err != nil {
		return refuseFor(TooLarge, err)
	}
	return nil
}

// close compares everything added with the head.
func (l *ledger) close() error {
	if l.count != l.head.Count {
		return refuse(CountMismatch, "%d records instead of %d", l.count, l.head.Count)
	}
	if l.bytes != l.head.Bytes {
		return refuse(BytesMismatch, "%d bytes instead of %d", l.bytes, l.head.Bytes)
	}
	edit, err := l.builder.Finish()
	if err != nil {
		return err
	}
	if edit.Root != l.head.Root {
		return refuse(RootMismatch, "the records have root %s, the head says %s", edit.Root, l.head.Root)
	}
	return nil
}
