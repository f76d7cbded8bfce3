package threads

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv"
)

// finds reports whether anything that is stored holds the words.
func (s *stand) finds(words string) bool {
	s.Helper()
	found := false
	s.check(s.engine.View(s.Context(), func(r kv.Reader) error {
		for item, err := range r.Scan(kv.Range{}, kv.ScanOptions{}) {
			if err != nil {
				return err
			}
			found = found || strings.Contains(string(item.Key)+string(item.Value), words)
		}
		return nil
	}))
	return found
}

func TestAnErasedConversationIsGoneAndTakesNothingMore(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	x.first(x.text("my secret wish"), x.order())
	blob, err := s.PutBlob(t.Context(), x.who, x.id(), x.write, []byte("sealed picture"))
	s.check(err)
	s.states(x.post(x.draft(thread.KindErase, nil)), "committed")
	x.has("text", "order", "order.number", "erase", "erased")
	s.states(x.post(x.order()), thread.RefusedErased)
	s.lose()
	a, err := x.try(patience, x.text("hello?"))
	s.check(err)
	s.states(a.Results, thread.RefusedErased)
	_, err = s.Read(t.Context(), x.id(), x.request(), 0)
	s.wants(err, wire.ErrUnknownThread)
	_, err = s.Genesis(t.Context(), x.id())
	s.wants(err, wire.ErrUnknownThread)
	_, err = s.File(t.Context(), x.id(), blob)
	s.wants(err, wire.ErrUnknownThread)
	s.wants(x.join(nil), wire.ErrUnknownThread)
	_, err = s.Say(t.Context(), x.id(), hi())
	s.wants(err, ErrErased)
	s.check(s.Erase(t.Context(), x.id()))
	for _, words := range []string{"my secret wish", "Ann Example"} {
		if s.finds(words) {
			t.Errorf("%q is still there", words)
		}
	}
	s.check(s.store.Desk(t.Context(), func(v *store.DeskView) error {
		list, err := v.Orders(store.OrderFilter{}, 0, 10)
		if len(list) != 1 {
			t.Errorf("%d orders are in the books", len(list))
		}
		return err
	}))
}

func TestTheOwnerErasesAlsoWhereNothingCanBeSaid(t *testing.T) {
	s := newStand(t, 5)
	x, y := s.visit(), s.visit()
	x.first(x.text("one"))
	y.first(y.text("two"))
	s.check(s.Erase(t.Context(), x.id()))
	s.advance(1)
	s.restore(s.backup())
	s.check(s.Erase(t.Context(), y.id()))
	for _, z := range []*shopper{x, y} {
		_, err := s.Read(t.Context(), z.id(), z.request(), 0)
		s.wants(err, wire.ErrUnknownThread)
	}
}

func TestFilesThatAnInterruptedErasureLeftAreDeletedAtTheStart(t *testing.T) {
	s := newStand(t, 5)
	x, y := s.visit(), s.visit()
	x.first(x.text("one"))
	y.first(y.text("two"))
	for _, z := range []*shopper{x, y} {
		_, err := s.PutBlob(t.Context(), z.who, z.id(), z.write, []byte("sealed picture"))
		s.check(err)
	}
	s.check(s.store.Erase(t.Context(), x.id(), s.millis())) // without the files
	s.lose()
	for dir, want := range map[string]bool{x.id().String(): false, y.id().String(): true} {
		eventually(t, func() bool {
			_, err := os.Stat(filepath.Join(s.files, dir))
			return (err == nil) == want
		})
	}
}

func TestAPictureMayBeTheFirstThatIsSaid(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	x.first()
	sealed := []byte("sealed picture")
	blob, err := s.PutBlob(t.Context(), x.who, x.id(), x.write, sealed)
	s.check(err)
	s.lose()
	file := thread.File{Blob: blob, Type: "image/jpeg", Size: 10}
	s.states(x.post(x.draft(thread.KindPhoto, &thread.Photo{File: file})), "committed")
	got, err := s.Blob(t.Context(), x.id(), x.request(), blob)
	if err != nil || string(got) != string(sealed) {
		t.Errorf("%q, %v", got, err)
	}
	y := s.visit()
	y.first(y.text("hello"))
	_, err = s.Blob(t.Context(), y.id(), y.request(), blob)
	s.wants(err, wire.ErrUnknownThread)
	_, err = s.PutBlob(t.Context(), x.who, x.id(), x.write, make([]byte, thread.MaxBlob+1))
	s.wants(err, wire.ErrTooLarge)
}

func TestFilesOfAThreadAreBounded(t *testing.T) {
	s := newStand(t, 5)
	x := s.visit()
	x.first(x.text("hello"))
	s.check(s.store.Trade(t.Context(), func(tx *store.TradeTxn) error {
		return tx.PutBlob(x.id(), store.ThreadBlob{Blob: wireBlob("large"), Size: maxFileBytes})
	}))
	_, err := s.PutBlob(t.Context(), x.who, x.id(), x.write, []byte("one more"))
	s.wants(err, wire.ErrQuota)
}
