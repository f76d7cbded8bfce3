package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv"
	"github.com/stoa-commerce/stoa/store/kv/badgerkv"
)

// own is a private product that says which import it is of.
func own(handle, title string) *store.OwnProduct {
	p := &store.OwnProduct{Status: store.Draft}
	p.Product.Handle, p.Product.Title = protocol.Handle(handle), title
	return p
}

// known lists the brand's products as "handle title".
func (s *shop) known(from protocol.Handle) (list []string) {
	s.t.Helper()
	for p, err := range s.OwnProducts(s.t.Context(), from) {
		s.check(err)
		list = append(list, string(p.Product.Handle)+" "+p.Product.Title)
	}
	return list
}

// adopt stages products and makes them live without moving their rows.
func (s *shop) adopt(products ...*store.OwnProduct) {
	s.t.Helper()
	run, err := s.BeginImport(s.t.Context())
	s.check(err)
	defer run.Close()
	for _, p := range products {
		s.check(run.Put(p))
	}
	s.check(run.Flush())
	s.check(s.UpdateOwn(s.t.Context(), func(o *store.OwnTxn) error { return o.AdoptImport(run) }))
}

func TestAnAdoptedImportIsThereAtOnceInOrder(t *testing.T) {
	s := newShop(t, "")
	s.adopt(own("b", "first"), own("d", "first"), own("f", "first"))
	s.check(s.SettleImport(t.Context()))
	s.adopt(own("a", "second"), own("d", "second"), own("e", "second"), own("g", "second"), own("h", "second"))
	for _, when := range []string{"before the rows moved", "after"} {
		want := []string{"a second", "b first", "d second", "e second", "f first", "g second", "h second"}
		if got := s.known(""); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", when, got, want)
		}
		if got := s.known("e"); !slices.Equal(got, want[3:]) {
			t.Errorf("%s, from e: %v", when, got)
		}
		for i := range want {
			var got []string
			for p, err := range s.OwnProducts(t.Context(), "") {
				s.check(err)
				if got = append(got, string(p.Product.Handle)); len(got) == i+1 {
					break
				}
			}
			if len(got) != i+1 {
				t.Errorf("%s: broke off after %v", when, got)
			}
		}
		s.check(s.SettleImport(t.Context()))
	}
}

func TestAnEditHoldsWhileTheRowsOfAnImportWaitToMove(t *testing.T) {
	s := newShop(t, "")
	s.adopt(own("a", "imported"), own("b", "imported"))
	s.check(s.UpdateOwn(t.Context(), func(o *store.OwnTxn) error {
		return errors.Join(o.PutProduct(own("a", "edited")), o.PutProduct(own("c", "edited")), o.DeleteProduct("b"))
	}))
	for _, when := range []string{"before the rows moved", "after"} {
		if got := s.known(""); !slices.Equal(got, []string{"a edited", "c edited"}) {
			t.Errorf("%s: %v", when, got)
		}
		s.check(s.SettleImport(t.Context()))
	}
}

func TestAPictureNotedByHalfIsMissing(t *testing.T) {
	engine, err := badgerkv.Open(badgerkv.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	s, err := store.Open(t.Context(), engine)
	if err != nil {
		t.Fatal(err)
	}
	err = engine.Update(t.Context(), kv.Durable, func(tx kv.Txn) error { return tx.Set([]byte("r/a.png"), nil) })
	if err != nil {
		t.Fatal(err)
	}
	missing, err := s.MissingPictures(t.Context(), 10, func(store.OwnPicture) bool { return true })
	if err != nil || len(missing) != 1 || missing[0].Source != "a.png" {
		t.Errorf("%+v, %v", missing, err)
	}
}

func TestAVariantIdentifierKeepsItsOwnerWhateverBecomesOfTheImport(t *testing.T) {
	s := newShop(t, "")
	run, err := s.BeginImport(t.Context())
	s.check(err)
	owner := store.VariantOwner{Product: "sencha", Options: "50 g"}
	s.check(run.PutVariant("SEN-50", owner))
	s.check(run.PutRedirect("/products/thé", "/p/the"))
	s.check(run.Flush())
	run.Close() // never adopted
	if got, err := s.VariantOwner(t.Context(), "SEN-50"); err != nil || got != owner {
		t.Errorf("owner %+v, %v", got, err)
	}
	if got, err := s.VariantOwner(t.Context(), "SEN-51"); err != nil || got != (store.VariantOwner{}) {
		t.Errorf("a free identifier has the owner %+v, %v", got, err)
	}
	if target, ok, err := s.Redirect(t.Context(), "/products/thé"); err != nil || !ok || target != "/p/the" {
		t.Errorf("redirect %q %t, %v", target, ok, err)
	}
	if _, ok, err := s.Redirect(t.Context(), "/products/other"); err != nil || ok {
		t.Errorf("a redirect out of nothing, %v", err)
	}
}

func TestMissingPicturesAreThoseWithoutBytes(t *testing.T) {
	s := newShop(t, "")
	all := func(store.OwnPicture) bool { return true }
	s.check(s.UpdateOwn(t.Context(), func(o *store.OwnTxn) error {
		for i := range 10 {
			p := store.OwnPicture{Source: fmt.Sprintf("%d.png", i), Tries: i}
			if i%2 == 0 {
				p.Media = &catalog.Media{Blob: protocol.Sum(protocol.Raw, []byte{byte(i)})}
			}
			if err := o.PutPicture(p); err != nil {
				return err
			}
		}
		return nil
	}))
	missing, err := s.MissingPictures(t.Context(), 100, all)
	if err != nil || len(missing) != 5 {
		t.Errorf("%d missing, %v", len(missing), err)
	}
	missing, err = s.MissingPictures(t.Context(), 1, func(p store.OwnPicture) bool { return p.Tries > 5 })
	if err != nil || len(missing) != 1 || missing[0].Source != "7.png" {
		t.Errorf("%v, %v", missing, err)
	}
	if _, err := s.Picture(t.Context(), "none.png"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a picture nobody named: %v", err)
	}
}

func TestAChangeThatWasGivenUpIsNotMade(t *testing.T) {
	s := newShop(t, "")
	s.publish(product(t, "sencha", "Sencha", nil, 1, 900)...)
	p, err := s.Prepare(t.Context(), s.brand, each(product(t, "assam", "Assam", nil, 1, 900)))
	s.check(err)
	head := s.sign(p)
	raw, err := head.Encode()
	s.check(err)
	p.Discard()
	if err := s.Apply(t.Context(), p, raw); !errors.Is(err, store.ErrStale) {
		t.Errorf("a change that was given up: %v", err)
	}
	s.agrees()
	s.publish(product(t, "assam", "Assam", nil, 1, 900)...)
	s.agrees()
}

func TestAPrivateWriteThatFailsTakesTheHeadAlong(t *testing.T) {
	s := newShop(t, "")
	s.publish(product(t, "sencha", "Sencha", nil, 1, 900)...)
	broken := errors.New("no")
	err := s.try(each(product(t, "assam", "Assam", nil, 1, 900)), func(o *store.OwnTxn) error {
		return errors.Join(o.PutSetting("half", []byte("made")), broken)
	})
	if !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
	if half, err := s.Setting(t.Context(), "half"); err != nil || half != nil {
		t.Errorf("half of it was made: %q, %v", half, err)
	}
	s.agrees()
}

func TestAStoreOfANewerStoaIsLeftAlone(t *testing.T) {
	engine, err := badgerkv.Open(badgerkv.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	if _, err := store.Open(t.Context(), engine); err != nil {
		t.Fatal(err)
	}
	var key []byte
	err = engine.Update(t.Context(), kv.Durable, func(tx kv.Txn) error {
		for item, err := range tx.Scan(kv.Prefix([]byte("m/")), kv.ScanOptions{}) {
			if err != nil {
				return err
			}
			key = append([]byte(nil), item.Key...)
		}
		return tx.Set(key, []byte{0, 0, 0, 0, 0, 0, 0, 99})
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), engine); err == nil || !strings.Contains(err.Error(), "schema 99") {
		t.Errorf("got %v", err)
	}
}

func TestBrandsAreApart(t *testing.T) {
	s := newShop(t, "")
	s.publish(product(t, "sencha", "Sencha", nil, 1, 900)...)
	other := protocol.Sum(protocol.DagCBOR, []byte("another"))
	s.check(s.AddBrand(t.Context(), other))
	s.check(s.AddBrand(t.Context(), other))
	if n := len(s.Brands()); n != 2 {
		t.Errorf("%d brands", n)
	}
	for name, id := range map[string]protocol.CID{"without a head": other, "unknown": protocol.Sum(protocol.DagCBOR, []byte("third"))} {
		if err := s.View(t.Context(), id, func(*store.View) error { return nil }); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("brand %s: %v", name, err)
		}
	}
	if tip, err := s.Tip(t.Context(), other); err != nil || tip != (store.Tip{}) {
		t.Errorf("tip %+v, %v", tip, err)
	}
	s.agrees()
}
