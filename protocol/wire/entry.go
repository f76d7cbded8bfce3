package wire

import (
	"bytes"

	"github.com/fxamacker/cbor/v2"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/trie"
)

// Entry is what stands at a path. On the wire it is [path, bytes] with a record,
// [path, link] with the identifier of one that fits no page and is to be asked
// for apart, [path, null] where nothing stands any more.
type Entry struct {
	Path   protocol.Path
	Data   []byte       // the record, nil if it is not here
	Record protocol.CID // the record's identifier, undefined where nothing stands
}

// NewEntry returns the entry of a record.
func NewEntry(path protocol.Path, data []byte) Entry {
	return Entry{Path: path, Data: data, Record: protocol.Sum(protocol.DagCBOR, data)}
}

// Deleted reports whether nothing stands at the path.
func (e Entry) Deleted() bool { return !e.Record.Defined() }

// change returns the entry as a change of the trie.
func (e Entry) change() trie.Change {
	if e.Deleted() {
		return trie.Delete(e.Path)
	}
	return trie.Put(e.Path, e.Record)
}

type wireEntry struct {
	_    struct{} `cbor:",toarray"`
	Path string
	What cbor.RawMessage
}

// MarshalCBOR writes the wire form.
func (e Entry) MarshalCBOR() ([]byte, error) {
	var what any
	switch {
	case e.Data != nil:
		what = e.Data
	case !e.Deleted():
		what = e.Record
	}
	return protocol.Marshal([]any{string(e.Path), what})
}

// UnmarshalCBOR reads the wire form and checks path and record.
func (e *Entry) UnmarshalCBOR(data []byte) error {
	var w wireEntry
	if err := protocol.UnmarshalStrict(data, &w); err != nil {
		return err
	}
	path, err := protocol.ParsePath(w.Path)
	if err != nil {
		return err
	}
	*e = Entry{Path: path}
	switch major := w.What[0] >> 5; { // canonical CBOR is never empty
	case major == 2:
		return e.readRecord(w.What)
	case major == 6:
		return e.readLink(w.What)
	case bytes.Equal(w.What, []byte{0xf6}):
		return nil
	}
	return protocol.Invalid("entry", "%s is neither a record, nor a link, nor null", path)
}

func (e *Entry) readRecord(what []byte) error {
	var data []byte
	if err := protocol.UnmarshalStrict(what, &data); err != nil {
		return err
	}
	*e = NewEntry(e.Path, data)
	return catalog.CheckForm(e.Path, data)
}

func (e *Entry) readLink(what []byte) error {
	if err := e.Record.UnmarshalCBOR(what); err != nil {
		return err
	}
	return objects("entry", e.Record)
}

// checkEntries refuses entries that are too many or not in the order of their
// keys, each once, and deleted ones where there may be none.
func checkEntries(kind string, list []Entry, deletions bool) error {
	if err := entries(kind, len(list)); err != nil {
		return err
	}
	var o order
	for _, e := range list {
		if e.Deleted() && !deletions {
			return protocol.Invalid(kind, "nothing at %s", e.Path)
		}
		if err := o.next(e.Path); err != nil {
			return err
		}
	}
	return nil
}

// order holds paths to the order of their keys.
type order struct {
	last protocol.Path // "" before the first
	key  trie.Key
}

func (o *order) next(p protocol.Path) error {
	key := trie.KeyOf(p)
	if o.last != "" && bytes.Compare(o.key[:], key[:]) >= 0 {
		return protocol.Invalid("entries", "%s comes after %s", p, o.last)
	}
	o.last, o.key = p, key
	return nil
}
