package node

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// dress gives a product the pictures with these names and takes them from the
// folder.
func (s *stand) dress(p *store.OwnProduct, dir string, names ...string) *store.OwnProduct {
	s.Helper()
	desk, err := s.pictureDesk(dir)
	s.check(err)
	defer desk.Close()
	for _, name := range names {
		_, err := desk.take(s.Context(), name)
		s.check(err)
		p.Pictures = append(p.Pictures, store.PictureRef{Source: name})
	}
	s.check(s.fillMedia(s.Context(), p))
	return p
}

// blob returns the identifier of a picture that was taken.
func (s *stand) blob(source string) protocol.CID {
	s.Helper()
	p, err := s.store.Picture(s.Context(), source)
	s.check(err)
	return p.Media.Blob
}

func TestAPictureGoesWithItsLastUser(t *testing.T) {
	s, dir := inMemory(t, t.TempDir(), nil), folder(t, 2)
	s.put(s.dress(tea("sencha", 900), dir, "a.png", "b.png"))
	s.put(s.dress(tea("assam", 700), dir, "b.png"))
	a, b := s.blob("a.png"), s.blob("b.png")
	s.put(tea("sencha", 900))
	if s.has(a) || !s.has(b) {
		t.Errorf("a is there: %t, b is there: %t; b is still shown by assam", s.has(a), s.has(b))
	}
	s.put(s.dress(tea("sencha", 900), dir, "a.png"))
	if !s.has(a) {
		t.Error("a picture that came back is missing")
	}
}

func TestThePicturesOfADraftAreHiddenAndKept(t *testing.T) {
	s, dir := inMemory(t, t.TempDir(), nil), folder(t, 1)
	csv := "Handle,Title,Status,Variant Price,Image Src\nsencha,Sencha,%s,1,a.png\n"
	s.take(fmt.Sprintf(csv, "active"), dir)
	a := s.blob("a.png")
	for range 2 {
		s.take(fmt.Sprintf(csv, "draft"), "")
		s.view(func(v *store.View) error {
			if _, err := v.Media(a); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("the picture of a draft is public: %v", err)
			}
			return nil
		})
		report := s.take(fmt.Sprintf(csv, "active"), "")
		if s.shows("sencha") != 1 || len(report.Warnings) > 0 {
			t.Errorf("the picture was lost: %+v", report.Warnings)
		}
	}
	s.take("Handle,Title,Status,Variant Price,Image Src\nsencha,Sencha,active,1,\n", "")
	if s.has(a) {
		t.Error("a picture that nothing names is still there")
	}
}

func TestPicturesOfThePagesAreKeptAndTidiedToo(t *testing.T) {
	s, dir := inMemory(t, t.TempDir(), nil), folder(t, 3)
	apply := func(doc ShopDoc) {
		t.Helper()
		if done, err := s.ApplyShop(t.Context(), doc, dir); err != nil || len(done.Warnings) > 0 {
			t.Fatal(err, done.Warnings)
		}
	}
	apply(ShopDoc{Theme: &ThemeDoc{Logo: "a.png"}, Home: &HomeDoc{Hero: &StoryDoc{Picture: "b.png"}}})
	s.put(s.dress(tea("sencha", 900), dir, "a.png", "c.png"))
	a, b, c := s.blob("a.png"), s.blob("b.png"), s.blob("c.png")
	s.put(tea("sencha", 900))
	if !s.has(a) || !s.has(b) || s.has(c) {
		t.Errorf("logo %t, hero %t, dropped %t", s.has(a), s.has(b), s.has(c))
	}
	apply(ShopDoc{Theme: &ThemeDoc{Logo: "b.png"}, Home: &HomeDoc{}})
	if s.has(a) || !s.has(b) {
		t.Errorf("old logo %t, new logo %t", s.has(a), s.has(b))
	}
}

// shelves is the model: which pictures each product shows.
type shelves map[string][]string

func (m shelves) shows(name string) bool {
	for _, names := range m {
		if slices.Contains(names, name) {
			return true
		}
	}
	return false
}

func TestPicturesFollowAPlainModel(t *testing.T) {
	dir := folder(t, 5)
	home := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		s, model := inMemory(t, freshHome(t, home), nil), shelves{}
		defer s.Close()
		ids := map[string]protocol.CID{}
		t.Repeat(map[string]func(*rapid.T){
			"publish": func(t *rapid.T) { s.publishSome(t, dir, model) },
			"": func(t *rapid.T) {
				for i := range 5 {
					if p, err := s.store.Picture(t.Context(), name(i)); err == nil {
						ids[name(i)] = p.Media.Blob
					}
				}
				for name, id := range ids {
					if got := s.has(id); got != model.shows(name) {
						t.Fatalf("%s is there: %t; the products are %v", name, got, model)
					}
				}
			},
		})
	})
}

// publishSome gives some products other pictures, or removes them, under one head.
func (s *stand) publishSome(t *rapid.T, dir string, model shelves) {
	handles := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"p", "q", "r", "s"}), 1, 4, rapid.ID).Draw(t, "products")
	var list []store.Change
	var also []func(*store.OwnTxn) error
	for _, h := range handles {
		names := rapid.SliceOfNDistinct(rapid.IntRange(0, 4), 0, 3, rapid.ID).Draw(t, "pictures of "+h)
		if _, is := model[h]; is && len(names) == 0 && rapid.Bool().Draw(t, "remove "+h) {
			was, err := s.store.OwnProduct(t.Context(), protocol.Handle(h))
			s.check(err)
			gone, err := replace(was, nil)
			s.check(err)
			list = append(list, gone...)
			also = append(also, func(o *store.OwnTxn) error { return o.DeleteProduct(was.Product.Handle) })
			delete(model, h)
			continue
		}
		model[h] = nil
		for _, i := range names {
			model[h] = append(model[h], name(i))
		}
		p := s.dress(tea(h, 100), dir, model[h]...)
		set, err := s.productChanges(t.Context(), p)
		s.check(err)
		list = append(list, set...)
		also = append(also, func(o *store.OwnTxn) error { return o.PutProduct(p) })
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.publish(t.Context(), all(list), also...)
	s.check(err)
}

func TestMediaOfVariantsPointAtTheirPictures(t *testing.T) {
	s, dir := inMemory(t, t.TempDir(), nil), folder(t, 3)
	p := tea("sencha", 900)
	p.Variants[0].Picture = "c.png"
	p.Pictures = []store.PictureRef{{Source: "missing.png"}}
	s.put(s.dress(p, dir, "b.png", "c.png"))
	var got catalog.Product
	s.view(func(v *store.View) error {
		product, _, err := v.Product("sencha")
		got = *product
		return err
	})
	if len(got.Media) != 2 || got.Variants[0].Media != 2 || got.Media[1].Blob != s.blob("c.png") {
		t.Errorf("pictures %v, the variant's is number %d", got.Media, got.Variants[0].Media)
	}
}
