//go:build linux || darwin

package badgerkv

import (
	"fmt"
	"os"
	"syscall"

	"github.com/stoa-commerce/stoa/store/kv"
)

// freeSpace is how many bytes an unprivileged process may still write in dir.
func freeSpace(dir string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, fmt.Errorf("free space of %s: %w", dir, err)
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}

// lockFile takes the lock at path for this process, or gives ErrInUse.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("%w: lock %s", kv.ErrInUse, path)
	}
	return f, nil
}
