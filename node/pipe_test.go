//go:build unix

package node

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestANamedPipeIsNoPicture(t *testing.T) {
	s, dir := inMemory(t, t.TempDir(), nil), t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "a.png"), 0o600); err != nil {
		t.Skip(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "b.png"), 0o700); err != nil {
		t.Fatal(err)
	}
	report := s.take("Handle,Title,Variant Price,Image Src\nassam,Assam,1,a.png\nassam,,,b.png\n", dir)
	if len(report.Warnings) != 2 {
		t.Errorf("%+v", report.Warnings)
	}
	_, err := s.store.OwnProduct(t.Context(), "assam")
	s.check(err)
}
