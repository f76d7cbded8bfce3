//go:build !linux

package badgerkv

import "os"

// Open opens path for syncing.
func (osDisk) Open(path string) (syncable, error) {
	return os.OpenFile(path, os.O_RDONLY, 0)
}
