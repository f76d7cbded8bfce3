package slots

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/stoa-commerce/stoa/protocol"
)

// Erasure is one line of the journal: what was erased, and the slots that went.
type Erasure struct {
	Kind  Kind
	ID    protocol.CID
	Slots []uint32 // at most two
	Time  protocol.Millis
}

// Kind says what an Erasure is of; package store names them.
type Kind byte

// A line of the journal: kind ‖ how many slots ‖ CID ‖ slot u32 ‖ slot u32 ‖ time u64 ‖
// CRC-32 of what is before it. A last line that was cut off never took effect.
const lineSize = 2 + protocol.CIDSize + 4 + 4 + 8 + 4

// MaxSlots is how many slots one Erasure may have.
const MaxSlots = 2

// Journal keeps erasures in a file that only grows, so that they can be made again on
// an older copy of the store or of its keys. Its methods may be called concurrently.
type Journal struct {
	f     *os.File
	mu    sync.Mutex
	lines []Erasure
}

// OpenJournal opens the journal at path; a missing one is created.
func OpenJournal(path string) (*Journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open erasures: %w", err)
	}
	j := &Journal{f: f}
	if err := j.read(); err != nil {
		return nil, errors.Join(fmt.Errorf("open erasures %s: %w", path, err), f.Close())
	}
	return j, nil
}

func (j *Journal) read() error {
	b, err := io.ReadAll(j.f)
	if err != nil {
		return err
	}
	for len(b) >= lineSize {
		e, err := decodeLine(b[:lineSize])
		if err != nil && len(b) > lineSize {
			return fmt.Errorf("line %d: %w", len(j.lines)+1, err)
		}
		if err != nil {
			break
		}
		j.lines = append(j.lines, e)
		b = b[lineSize:]
	}
	return nil
}

// Record adds an erasure. When it returns that is on disk.
func (j *Journal) Record(e Erasure) error {
	line, err := encodeLine(e)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.f.WriteAt(line, int64(len(j.lines))*lineSize); err != nil {
		return fmt.Errorf("record erasure: %w", err)
	}
	if err := j.f.Sync(); err != nil {
		return fmt.Errorf("record erasure: %w", err)
	}
	if len(j.lines) == 0 {
		if err := syncFolder(filepath.Dir(j.f.Name())); err != nil {
			return fmt.Errorf("record erasure: %w", err)
		}
	}
	j.lines = append(j.lines, e)
	return nil
}

// Erasures returns the erasures from a line on, the first is line 0.
func (j *Journal) Erasures(from int) ([]Erasure, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.lines[min(from, len(j.lines)):len(j.lines):len(j.lines)], nil
}

// WriteTo writes a copy of the file.
func (j *Journal) WriteTo(w io.Writer) (int64, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return io.Copy(w, io.NewSectionReader(j.f, 0, int64(len(j.lines))*lineSize))
}

// Close closes the file.
func (j *Journal) Close() error { return j.f.Close() }

func encodeLine(e Erasure) ([]byte, error) {
	if len(e.Slots) > MaxSlots || !e.ID.Defined() {
		return nil, fmt.Errorf("record erasure of %q: %d keys, allowed are up to %d", e.ID, len(e.Slots), MaxSlots)
	}
	line := e.ID.Append([]byte{byte(e.Kind), byte(len(e.Slots))})
	for i := range MaxSlots {
		var slot uint32
		if i < len(e.Slots) {
			slot = e.Slots[i]
		}
		line = binary.BigEndian.AppendUint32(line, slot)
	}
	line = binary.BigEndian.AppendUint64(line, uint64(e.Time))
	return binary.BigEndian.AppendUint32(line, crc32.ChecksumIEEE(line)), nil
}

func decodeLine(b []byte) (e Erasure, err error) {
	body, sum := b[:lineSize-4], binary.BigEndian.Uint32(b[lineSize-4:])
	if crc32.ChecksumIEEE(body) != sum || b[1] > MaxSlots {
		return e, fmt.Errorf("%w: an erasure is damaged", ErrForeign)
	}
	e.Kind = Kind(b[0])
	if e.ID, err = protocol.CIDFromBytes(b[2 : 2+protocol.CIDSize]); err != nil {
		return e, fmt.Errorf("%w: %w", ErrForeign, err)
	}
	at := b[2+protocol.CIDSize:]
	for i := range int(b[1]) {
		e.Slots = append(e.Slots, binary.BigEndian.Uint32(at[4*i:]))
	}
	e.Time = protocol.Millis(binary.BigEndian.Uint64(at[4*MaxSlots:]))
	return e, nil
}
