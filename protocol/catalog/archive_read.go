package catalog

import (
	"fmt"
	"io"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/identity"
)

// ArchiveOptions say what the reader of an archive expects and does.
type ArchiveOptions struct {
	Brand protocol.CID    // who is expected; undefined accepts any
	Now   protocol.Millis // the reader's clock
	// MaxRecords and MaxBytes refuse a head that signs more, before any record is
	// read; 0 is no limit. MaxBytes counts records, not the file.
	MaxRecords, MaxBytes uint64
	// Begin is called once the origin is verified, before the first record. May
	// be nil.
	Begin func(Origin) error
	// Record takes each record, whose place in the head isn't proven before
	// ReadArchive returns: stage it, and drop it after an error. Data is valid
	// during the call only. May be nil.
	Record func(Entry) error
}

// ReadArchive verifies an archive in one pass and hands its records on. It holds
// one page and one record at a time beside the identity log. A *Refusal says what
// is wrong with the archive; other errors are those of r and of the callbacks. An
// expired head is not an error.
func ReadArchive(r io.Reader, o ArchiveOptions) (Origin, error) {
	a := &archiveReader{car: newCarReader(r), options: o}
	origin, err := a.read()
	if err != nil {
		return Origin{}, fmt.Errorf("read archive: %w", err)
	}
	return origin, nil
}

type archiveReader struct {
	car     *carReader
	options ArchiveOptions
}

func (a *archiveReader) read() (Origin, error) {
	origin, err := a.origin()
	if err != nil {
		return Origin{}, err
	}
	if err := a.admit(origin); err != nil {
		return Origin{}, err
	}
	books := newLedger(origin.Head.Head)
	for books.count < origin.Head.Count {
		if err := a.page(books); err != nil {
			return Origin{}, err
		}
	}
	if err := a.car.end(); err != nil {
		return Origin{}, err
	}
	return origin, books.close()
}

func (a *archiveReader) admit(o Origin) error {
	if limit := a.options.MaxRecords; limit > 0 && o.Head.Count > limit {
		return refuse(TooLarge, "%d records, allowed are %d", o.Head.Count, limit)
	}
	if limit := a.options.MaxBytes; limit > 0 && o.Head.Bytes > limit {
		return refuse(TooLarge, "%d bytes, allowed are %d", o.Head.Bytes, limit)
	}
	if a.options.Begin != nil {
		return a.options.Begin(o)
	}
	return nil
}

func (a *archiveReader) origin() (Origin, error) {
	root, err := a.car.header()
	if err != nil {
		return Origin{}, err
	}
	head, count, err := a.head(root)
	if err != nil {
		return Origin{}, err
	}
	var ops []protocol.Signed
	for range count {
		op, err := a.operation()
		if err != nil {
			return Origin{}, err
		}
		ops = append(ops, op)
	}
	return VerifyOrigin(a.options.Brand, ops, head, a.options.Now)
}

func (a *archiveReader) head(root protocol.CID) (protocol.Signed, uint64, error) {
	payload, err := a.payload()
	if err != nil {
		return protocol.Signed{}, 0, err
	}
	if id := protocol.Sum(protocol.DagCBOR, payload); id != root {
		return protocol.Signed{}, 0, refuse(BlockOrder, "the first block is %s, not the root %s", id, root)
	}
	var s headSeal
	if err := a.seal(&s, HeadForm); err != nil {
		return protocol.Signed{}, 0, err
	}
	if s.V != Version {
		return protocol.Signed{}, 0, refuse(WrongVersion, "%d instead of %d", s.V, Version)
	}
	if s.Ops == 0 || s.Ops > identity.MaxOps {
		return protocol.Signed{}, 0, refuse(TooLarge, "%d identity operations, allowed are 1 to %d", s.Ops, identity.MaxOps)
	}
	signed, err := join(payload, s.Of, s.Signatures, HeadForm)
	return signed, s.Ops, err
}

func (a *archiveReader) operation() (protocol.Signed, error) {
	payload, err := a.payload()
	if err != nil {
		return protocol.Signed{}, err
	}
	var s seal
	if err := a.seal(&s, IdentityForm); err != nil {
		return protocol.Signed{}, err
	}
	return join(payload, s.Of, s.Signatures, IdentityForm)
}

// payload returns a copy of the next block.
func (a *archiveReader) payload() ([]byte, error) {
	_, data, err := a.car.block(protocol.MaxObject)
	return append([]byte(nil), data...), err
}

func (a *archiveReader) seal(v any, reason Reason) error {
	_, data, err := a.car.block(protocol.MaxObject)
	if err != nil {
		return err
	}
	if err := exactly(data, v); err != nil {
		return refuseFor(reason, err)
	}
	return nil
}

// join makes the signed object of a payload and its seal, and checks its form.
func join(payload []byte, of protocol.CID, signatures []protocol.Signature, reason Reason) (protocol.Signed, error) {
	s := protocol.Signed{Payload: payload, Signatures: signatures}
	if s.ID() != of {
		return protocol.Signed{}, refuse(BlockOrder, "a seal of %s follows %s", of, s.ID())
	}
	data, err := s.Encode()
	if err == nil {
		s, err = protocol.DecodeSigned(data)
	}
	if err != nil {
		return protocol.Signed{}, refuseFor(reason, err)
	}
	return s, nil
}

// page reads one index page and the records it announces.
func (a *archiveReader) page(books *ledger) error {
	_, data, err := a.car.block(MaxPage)
	if err != nil {
		return err
	}
	var p page
	if err := protocol.UnmarshalStrict(data, &p); err != nil {
		return refuseFor(PageForm, err)
	}
	if n, due := len(p.Records), pageSize(books.count, books.head.Count); n != due {
		return refuse(CountMismatch, "an index page announces %d records where %d are due", n, due)
	}
	for _, announced := range p.Records {
		if err := a.record(books, announced); err != nil {
			return err
		}
	}
	return nil
}

func (a *archiveReader) record(books *ledger, announced pageEntry) error {
	id, data, err := a.car.block(protocol.MaxRecord)
	if err != nil {
		return err
	}
	if id != announced.CID {
		return refuse(BlockOrder, "%s stands where %s (%s) was announced", id, announced.CID, announced.Path)
	}
	e := Entry{Path: protocol.Path(announced.Path), CID: id, Data: data}
	if err := CheckForm(e.Path, data); err != nil {
		return refuseFor(RecordForm, err)
	}
	if err := books.add(e); err != nil || a.options.Record == nil {
		return err
	}
	return a.options.Record(e)
}
