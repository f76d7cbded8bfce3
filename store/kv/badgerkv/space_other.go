//go:build !linux && !darwin

package badgerkv

import (
	"math"
	"os"
)

// freeSpace is not known here; Badger meets the end of the disk by itself.
func freeSpace(string) (int64, error) { return math.MaxInt64, nil }

// lockFile only creates the file: Badger's own lock keeps others out here.
func lockFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
}
