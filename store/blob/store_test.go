package blob

import (
	"context"
	"errors"
	"image/color"
	"os"
	"path/filepath"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
)

func TestOpenClearsWhatAKilledProcessLeft(t *testing.T) {
	s := open(t)
	m := put(t, s, asPNG(t, quarters(8, 8)))
	if _, err := s.temp([]byte("half a pic"), false); err != nil {
		t.Fatal(err)
	}
	again, err := Open(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(filepath.Join(s.dir, temporary)); err != nil || len(left) > 0 {
		t.Errorf("%v left, %v", left, err)
	}
	if err := again.Verify(m.Blob); err != nil {
		t.Error(err)
	}
}

func TestOpenSaysWhatIsInTheWay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "media")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil {
		t.Error("a file was opened as a folder")
	}
}

func TestWhatIsNotHere(t *testing.T) {
	s := open(t)
	for _, cid := range []protocol.CID{protocol.Sum(protocol.Raw, nil), protocol.Sum(protocol.DagCBOR, nil), {}} {
		if has, err := s.Has(cid); has || err != nil {
			t.Errorf("%v: has %v, %v", cid, has, err)
		}
		if _, _, err := s.OpenBlob(cid); !errors.Is(err, ErrNotFound) {
			t.Errorf("%v: open %v", cid, err)
		}
		if err := s.Verify(cid); !errors.Is(err, ErrNotFound) {
			t.Errorf("%v: verify %v", cid, err)
		}
		if err := s.Remove(cid); err != nil {
			t.Errorf("%v: remove %v", cid, err)
		}
	}
}

func TestVerifyAllFindsTheDamagedOnes(t *testing.T) {
	s := open(t)
	want := map[protocol.CID]bool{}
	for i := range 12 {
		m := put(t, s, asWebP(plainWebP(8, 8, color.NRGBA{uint8(i), 0, 0, 255})))
		if i%4 == 0 {
			damage(t, s.original(m.Blob))
			want[m.Blob] = true
		}
	}
	if err := os.WriteFile(filepath.Join(s.dir, originals, "note.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := s.VerifyAll(t.Context(), func(cid protocol.CID, err error) {
		if !want[cid] || !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", cid, err)
		}
		delete(want, cid)
	})
	if err != nil || len(want) > 0 {
		t.Errorf("%d not found, %v", len(want), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.VerifyAll(ctx, func(protocol.CID, error) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
