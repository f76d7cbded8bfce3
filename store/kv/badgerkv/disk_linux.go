package badgerkv

import (
	"os"
	"syscall"
)

// Open opens path for syncing. On Linux a sync of the file covers pages that
// were written through a mapping, and fdatasync leaves only timestamps out.
func (osDisk) Open(path string) (syncable, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return dataFile{f}, nil
}

type dataFile struct{ *os.File }

func (f dataFile) Sync() error {
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		return f.File.Sync()
	}
	for {
		if err := syscall.Fdatasync(int(f.Fd())); err != syscall.EINTR {
			return err
		}
	}
}
