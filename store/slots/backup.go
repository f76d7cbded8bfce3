package slots

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// A backup of a folder is magic ‖ u64 size ‖ slot file ‖ u64 size ‖ journal ‖ SHA-256 of
// all that is before it.
const backupMagic = "stoa keys backup 1\n"

// maxBackup bounds a backup in bytes: 2^28 slots would be 8 GiB, and more than any shop
// has threads.
const maxBackup = 8 << 30

// Backup writes a copy of both files to w. Whoever has it can read what is sealed in a
// backup of the store: keep it apart, and no longer than what is erased may be readable.
func (f *Folder) Backup(w io.Writer) error {
	sum := sha256.New()
	out := io.MultiWriter(w, sum)
	if _, err := io.WriteString(out, backupMagic); err != nil {
		return fmt.Errorf("back up keys: %w", err)
	}
	for _, file := range []io.WriterTo{f.File, f.Journal} {
		var b bytes.Buffer
		if _, err := file.WriteTo(&b); err != nil {
			return fmt.Errorf("back up keys: %w", err)
		}
		if _, err := out.Write(append(binary.BigEndian.AppendUint64(nil, uint64(b.Len())), b.Bytes()...)); err != nil {
			return fmt.Errorf("back up keys: %w", err)
		}
	}
	if _, err := w.Write(sum.Sum(nil)); err != nil {
		return fmt.Errorf("back up keys: %w", err)
	}
	return nil
}

// RestoreFolder puts the files of a backup into a folder, unless it has a slot file: the
// present one knows of more erasures. It reports whether it did.
func RestoreFolder(path string, r io.Reader) (bool, error) {
	if _, err := os.Stat(filepath.Join(path, KeysName)); !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	b, err := io.ReadAll(io.LimitReader(r, maxBackup))
	if err != nil {
		return false, fmt.Errorf("restore keys: %w", err)
	}
	keys, journal, err := splitBackup(b)
	if err != nil {
		return false, fmt.Errorf("restore keys: %w", err)
	}
	if err := writeSynced(filepath.Join(path, ErasuresName), journal); err != nil {
		return false, fmt.Errorf("restore keys: %w", err)
	}
	if err := writeSynced(filepath.Join(path, KeysName), keys); err != nil {
		return false, fmt.Errorf("restore keys: %w", err)
	}
	return true, syncFolder(path)
}

func splitBackup(b []byte) (keys, journal []byte, err error) {
	cut := len(b) - sha256.Size
	if cut < 0 || !bytes.HasPrefix(b, []byte(backupMagic)) {
		return nil, nil, ErrForeign
	}
	if sum := sha256.Sum256(b[:cut]); !bytes.Equal(sum[:], b[cut:]) {
		return nil, nil, fmt.Errorf("%w: the backup is damaged", ErrForeign)
	}
	rest := b[len(backupMagic):cut]
	var parts [2][]byte
	for i := range parts {
		if len(rest) < 8 || binary.BigEndian.Uint64(rest) > uint64(len(rest)-8) {
			return nil, nil, fmt.Errorf("%w: the backup is cut off", ErrForeign)
		}
		n := binary.BigEndian.Uint64(rest)
		parts[i], rest = rest[8:8+n], rest[8+n:]
	}
	return parts[0], parts[1], nil
}

// writeSynced writes a new file for its owner only, whole or not at all.
func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
