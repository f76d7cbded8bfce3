package slots

import (
	"errors"
	"path/filepath"
)

// Names of the files in their folder.
const (
	KeysName     = "keys.slots"
	ErasuresName = "erasures"
)

// Folder is a slot file with its journal.
type Folder struct {
	*File
	*Journal
}

// OpenFolder opens both in a folder, and makes what is missing.
func OpenFolder(path string) (*Folder, error) {
	file, err := OpenFile(filepath.Join(path, KeysName))
	if err != nil {
		return nil, err
	}
	journal, err := OpenJournal(filepath.Join(path, ErasuresName))
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &Folder{file, journal}, nil
}

// Close closes both.
func (f *Folder) Close() error { return errors.Join(f.File.Close(), f.Journal.Close()) }
