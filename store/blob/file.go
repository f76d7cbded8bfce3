package blob

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// place writes data to a file that is there whole or not at all. A durable one is
// on disk, with its name, when place returns.
func (s *Store) place(path string, data []byte, durable bool) error {
	temp, err := s.temp(data, durable)
	if err != nil {
		return err
	}
	if err := s.name(temp, path, durable); err != nil {
		_ = os.Remove(temp) // Open clears away what stays
		return err
	}
	return nil
}

// temp writes data to a file of its own in the folder for such.
func (s *Store) temp(data []byte, durable bool) (name string, err error) {
	f, err := os.CreateTemp(filepath.Join(s.dir, temporary), "new-*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	if err = finish(f, err, durable); err != nil {
		_ = os.Remove(f.Name()) // Open clears away what stays
		return "", err
	}
	return f.Name(), nil
}

func finish(f *os.File, err error, durable bool) error {
	if err == nil && durable {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// name gives a finished file its name.
func (s *Store) name(temp, path string, durable bool) error {
	folder := filepath.Dir(path)
	err := os.Mkdir(folder, 0o700)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := os.Rename(temp, path); err != nil || !durable {
		return err
	}
	// The shard may be another goroutine's, made a moment ago and not flushed yet.
	return errors.Join(syncDir(folder), syncDir(filepath.Dir(folder)))
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
