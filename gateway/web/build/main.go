// Command build bundles gateway/web/src into gateway/web/dist: styles and
// scripts minified, names that carry a hash of the content, compressed copies,
// and a manifest. It is run from the root of the project, runs no Node, and takes the
// noble libraries from where npm puts them:
//
//	(cd gateway/web && npm ci)
//	go run ./gateway/web/build
//
// The same sources give the same bytes. It must not know what the pages say.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	root := filepath.Join("gateway", "web")
	files, err := bundle(root)
	if err == nil {
		err = write(filepath.Join(root, "dist"), files)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}

// write replaces the contents of dir.
func write(dir string, files map[string][]byte) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, body := range files {
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o644); err != nil {
			return err
		}
	}
	return nil
}
