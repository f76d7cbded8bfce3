package slots

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// Size is how many bytes a slot has.
const Size = 32

// Key is the content of a slot.
type Key = [Size]byte

// Errors a caller decides on.
var (
	// ErrErased means that the slot was overwritten: what is sealed under it is gone.
	ErrErased = errors.New("the key was erased")
	// ErrUnknown means that the file has no such slot.
	ErrUnknown = errors.New("there is no such key")
	// ErrForeign means that a file is not one of this package.
	ErrForeign = errors.New("not a file of keys")
)

// A slot file is a header of one slot's size and the slots. The header: magic ‖ how
// many slots are made u64 ‖ how many were given out, as far as noted u64. What lies
// beyond the slots that are made was never synced and is made anew.
const magic = "stoa keys 1\n\x00\x00\x00\x00"

const madeAt, notedAt = int64(len(magic)), int64(len(magic)) + 8

// File is a slot file. Its methods may be called concurrently.
type File struct {
	f     *os.File
	mu    sync.Mutex // held while slots are made or erased
	state sync.RWMutex
	made  uint32 // guarded by state
	noted uint32 // guarded by state
}

// OpenFile opens the slot file at path, readable by its owner only; a missing one is
// created without slots.
func OpenFile(path string) (*File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open keys: %w", err)
	}
	file := &File{f: f}
	if err := file.readHeader(); err != nil {
		return nil, errors.Join(fmt.Errorf("open keys %s: %w", path, err), f.Close())
	}
	return file, nil
}

func (f *File) readHeader() error {
	head := make([]byte, Size)
	n, err := f.f.ReadAt(head, 0)
	if n == 0 && errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if n == Size && allZero(head) { // killed before the first header was on disk
		return nil
	}
	if n < Size || string(head[:len(magic)]) != magic {
		return ErrForeign
	}
	made, noted := binary.BigEndian.Uint64(head[madeAt:]), binary.BigEndian.Uint64(head[notedAt:])
	info, err := f.f.Stat()
	if err != nil {
		return err
	}
	if made > 1<<32-1 || noted > made || info.Size() < place(uint32(made)) {
		return fmt.Errorf("%w: it is cut off", ErrForeign)
	}
	f.made, f.noted = uint32(made), uint32(noted)
	return nil
}

func place(slot uint32) int64 { return (int64(slot) + 1) * Size }

// Made returns how many slots there are; their numbers begin at 0.
func (f *File) Made() uint32 {
	f.state.RLock()
	defer f.state.RUnlock()
	return f.made
}

// Extend makes n more slots. When it returns they are on disk.
func (f *File) Extend(n int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	made := f.Made()
	block := make([]byte, n*Size)
	rand.Read(block)
	if _, err := f.f.WriteAt(block, place(made)); err != nil {
		return fmt.Errorf("make keys: %w", err)
	}
	if err := f.sync(made == 0); err != nil {
		return fmt.Errorf("make keys: %w", err)
	}
	if err := f.writeHeader(made + uint32(n)); err != nil {
		return fmt.Errorf("make keys: %w", err)
	}
	return nil
}

// writeHeader makes the slots below made part of the file.
func (f *File) writeHeader(made uint32) error {
	f.state.Lock()
	defer f.state.Unlock()
	head := binary.BigEndian.AppendUint64([]byte(magic), uint64(made))
	head = binary.BigEndian.AppendUint64(head, uint64(f.noted))
	if _, err := f.f.WriteAt(head, 0); err != nil {
		return err
	}
	if err := f.f.Sync(); err != nil {
		return err
	}
	f.made = made
	return nil
}

// sync puts the file on disk, and for a new one its name, too.
func (f *File) sync(named bool) error {
	if err := f.f.Sync(); err != nil || !named {
		return err
	}
	return syncFolder(filepath.Dir(f.f.Name()))
}

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Slot returns the content of a slot, ErrErased or ErrUnknown.
func (f *File) Slot(slot uint32) (key Key, err error) {
	if slot >= f.Made() {
		return key, fmt.Errorf("key %d: %w", slot, ErrUnknown)
	}
	if _, err := f.f.ReadAt(key[:], place(slot)); err != nil {
		return key, fmt.Errorf("read key %d: %w", slot, err)
	}
	if key == (Key{}) {
		return key, fmt.Errorf("key %d: %w", slot, ErrErased)
	}
	return key, nil
}

// Erase overwrites slots. When it returns that is on disk. Slots that the file hasn't
// are none to erase.
func (f *File) Erase(slots ...uint32) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, slot := range slots {
		if slot >= f.Made() {
			continue
		}
		if _, err := f.f.WriteAt(make([]byte, Size), place(slot)); err != nil {
			return fmt.Errorf("erase key %d: %w", slot, err)
		}
	}
	if err := f.f.Sync(); err != nil {
		return fmt.Errorf("erase keys: %w", err)
	}
	return nil
}

// Note writes down that the slots below next were given out, without a sync: it is for
// noticing that the store is older than its keys.
func (f *File) Note(next uint32) error {
	f.state.Lock()
	defer f.state.Unlock()
	if next <= f.noted || next > f.made {
		return nil
	}
	if _, err := f.f.WriteAt(binary.BigEndian.AppendUint64(nil, uint64(next)), notedAt); err != nil {
		return fmt.Errorf("note keys: %w", err)
	}
	f.noted = next
	return nil
}

// Noted returns what was noted last.
func (f *File) Noted() uint32 {
	f.state.RLock()
	defer f.state.RUnlock()
	return f.noted
}

// WriteTo writes a copy of the file.
func (f *File) WriteTo(w io.Writer) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	size := int64(0)
	if made := f.Made(); made > 0 {
		size = place(made)
	}
	return io.Copy(w, io.NewSectionReader(f.f, 0, size))
}

// Close closes the file.
func (f *File) Close() error { return f.f.Close() }

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
