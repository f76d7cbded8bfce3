package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store/kv"
)

// The row of an entry is its class ‖ u32 length ‖ link ‖ content. The link, what the
// chain consists of, is sealed under the thread's fiscal key; the content, salt and
// body, under the key of its class. Without a content the body was erased.

// entryLink is the part of a ThreadEntry that the chain needs.
type entryLink struct {
	_       struct{} `cbor:",toarray"`
	Entry   []byte
	Commit  []byte
	ID      protocol.CID
	Kind    string
	Time    Millis
	Mine    bool
	Refused string
}

const linkInfo, contentInfo = "link", "content"

func (k *keyring) sealEntry(h threadHead, e *ThreadEntry) ([]byte, error) {
	key := string(keyEntry(h.no, e.Seq))
	link, err := protocol.Marshal(entryLink{Entry: e.Entry, Commit: e.Commit, ID: e.ID, Kind: e.Kind, Time: e.Time, Mine: e.Mine, Refused: e.Refused})
	if err != nil {
		return nil, err
	}
	row := make([]byte, 5, 5+len(link)+len(e.Salt)+len(e.Body)+2*sealedMore+8)
	if row, err = k.seal(row, h.fiscal, linkInfo+key, link); err != nil {
		return nil, err
	}
	row[0] = byte(e.Class)
	binary.BigEndian.PutUint32(row[1:], uint32(len(row)-5))
	if e.Body == nil {
		return row, nil
	}
	slot := uint32(h.no)
	if e.Class == Fiscal {
		slot = h.fiscal
	}
	return k.seal(row, slot, contentInfo+key, encodeContent(e.Salt, e.Body))
}

func encodeContent(salt, body []byte) []byte {
	b := binary.AppendUvarint(make([]byte, 0, len(salt)+len(body)+8), uint64(len(salt)))
	return append(append(b, salt...), body...)
}

func decodeContent(b []byte) (salt, body []byte, err error) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return nil, nil, kv.ErrCorrupt
	}
	b = b[size:]
	return b[:n:n], b[n:], nil
}

// splitEntry takes the row of an entry apart.
func splitEntry(row []byte) (class Class, link, content []byte, err error) {
	if len(row) < 5 || uint64(binary.BigEndian.Uint32(row[1:])) > uint64(len(row)-5) {
		return 0, nil, nil, fmt.Errorf("row of entry: %w", kv.ErrCorrupt)
	}
	n := binary.BigEndian.Uint32(row[1:])
	return Class(row[0]), row[5 : 5+n], row[5+n:], nil
}

// openEntry reads the row of an entry. A content that was erased is left out.
func (k *keyring) openEntry(key, row []byte) (*ThreadEntry, error) {
	class, sealed, content, err := splitEntry(row)
	if err != nil {
		return nil, err
	}
	link, err := k.openLink(key, sealed)
	if err != nil {
		return nil, err
	}
	e := &ThreadEntry{
		Seq: binary.BigEndian.Uint64(key[len(key)-8:]), Entry: link.Entry, Commit: link.Commit, ID: link.ID,
		Kind: link.Kind, Class: class, Time: link.Time, Mine: link.Mine, Refused: link.Refused,
	}
	if len(content) == 0 {
		return e, nil
	}
	plain, err := k.open(contentInfo+string(key), content)
	if errors.Is(err, ErrErased) {
		return e, nil
	}
	if err == nil {
		e.Salt, e.Body, err = decodeContent(plain)
	}
	return e, err
}

func (k *keyring) openLink(key, sealed []byte) (link entryLink, err error) {
	plain, err := k.open(linkInfo+string(key), sealed)
	if err != nil {
		return link, err
	}
	if err := protocol.Unmarshal(plain, &link); err != nil {
		return link, fmt.Errorf("link of entry: %w: %w", err, kv.ErrCorrupt)
	}
	return link, nil
}

// withoutBody returns the row of an entry without what its class forgets.
func withoutBody(row []byte) ([]byte, error) {
	_, link, _, err := splitEntry(row)
	return bytes.Clone(row[:5+len(link)]), err
}
