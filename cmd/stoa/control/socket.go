package control

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// maxSocketPath is the longest path that every system takes for a socket.
const maxSocketPath = 100

// SocketPath returns where the node of a home listens: in a folder of the home, or
// where that makes too long a path, in the user's cache folder under a name made of the path.
func SocketPath(home string) string {
	path := filepath.Join(home, "run", "stoa.sock")
	cache, err := os.UserCacheDir()
	if len(path) <= maxSocketPath || err != nil {
		return path
	}
	if real, err := filepath.EvalSymlinks(home); err == nil {
		home = real
	}
	sum := sha256.Sum256([]byte(home))
	return filepath.Join(cache, "stoa", hex.EncodeToString(sum[:8])+".sock")
}

// Listen listens for the commands of a home. Only the owner can reach the socket,
// from the first moment on: its folder is closed to others. A file that a killed
// node left there is removed: the store's lock shows that none is running.
func Listen(ctx context.Context, home string) (net.Listener, error) {
	path := SocketPath(home)
	folder := filepath.Dir(path)
	err := os.MkdirAll(folder, 0o700)
	if err == nil {
		err = os.Chmod(folder, 0o700)
	}
	if err == nil {
		err = os.Remove(path)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("listen for commands: %w", err)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen for commands: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("listen for commands: %w", err), l.Close())
	}
	return l, nil
}
