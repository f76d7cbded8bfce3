package node

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
)

const fetchedCSV = "Handle,Title,Variant Price,Image Src\nassam,Assam,1,https://example.com/a.png\n"

func TestAPictureThatWasJustFetchedOutlivesItsLastUser(t *testing.T) {
	from := new(web)
	s, dir := inMemory(t, t.TempDir(), from), folder(t, 1)
	s.take(fetchedCSV, "")
	s.put(s.dress(tea("sencha", 900), dir, "a.png"))
	from.fill("https://example.com/a.png", dot(0))
	fetched, _, err := s.fetchAll(t.Context(), []string{"https://example.com/a.png"}, func(int) {})
	s.check(err)
	s.put(tea("sencha", 900))
	s.check(s.clear(t.Context()))
	s.check(s.show(t.Context(), fetched))
	if s.shows("assam") != 1 {
		t.Error("the picture was deleted before its product showed it")
	}
}

func TestFetchingAndDeletingOnePictureDoNotMeet(t *testing.T) {
	from := new(web)
	from.fill("https://example.com/a.png", dot(0))
	s, dir := inMemory(t, t.TempDir(), from), folder(t, 1)
	for range 20 {
		s.put(s.dress(tea("sencha", 900), dir, "a.png"))
		var g sync.WaitGroup
		g.Go(func() { s.take(fetchedCSV, "") })
		g.Go(func() { s.put(tea("sencha", 900)) })
		g.Wait()
		if s.shows("assam") != 1 {
			t.Fatal("the picture is not shown")
		}
		s.take("Handle,Title,Variant Price,Image Src\nassam,Assam,1,\n", "")
	}
}

func TestAPictureThatIsGoneAndCannotBeFetchedAgainIsNotShown(t *testing.T) {
	from := new(web)
	from.fill("https://example.com/a.png", dot(0))
	s := inMemory(t, t.TempDir(), from)
	s.take(fetchedCSV, "")
	s.take("Handle,Title,Variant Price,Image Src\nassam,Assam,1,\n", "")
	from.empty()
	report := s.take(fetchedCSV, "")
	if s.shows("assam") != 0 || len(report.Warnings) != 1 {
		t.Errorf("%d pictures, %+v", s.shows("assam"), report.Warnings)
	}
}

func TestFilesThatNothingNeedsAreDeletedInTheEnd(t *testing.T) {
	s, dir := inMemory(t, t.TempDir(), nil), folder(t, 3)
	csv := "Handle,Title,Status,Variant Price,Image Src\nsencha,Sencha,draft,1,%s\nassam,Assam,active,%s,c.png\n"
	s.take(fmt.Sprintf(csv, "a.png", "1"), dir)
	if _, err := s.Import(t.Context(), strings.NewReader(fmt.Sprintf(csv, "b.png", "no price")), ImportOptions{Images: dir}); err == nil {
		t.Fatal("a bad price was taken")
	}
	a, b, c := s.blob("a.png"), s.blob("b.png"), s.blob("c.png")
	s.wantFiles(t, map[protocol.CID]bool{a: true, b: true, c: true})
	s.check(s.clear(t.Context()))
	s.wantFiles(t, map[protocol.CID]bool{a: true, b: false, c: true})
	s.take(fmt.Sprintf(csv, "", "1"), dir)
	s.check(s.clear(t.Context()))
	s.wantFiles(t, map[protocol.CID]bool{a: false, b: false, c: true})
}

func (s *stand) wantFiles(t *testing.T, want map[protocol.CID]bool) {
	t.Helper()
	for id, there := range want {
		if has, err := s.blobs.Has(id); err != nil || has != there {
			t.Errorf("%s is there: %t, want %t (%v)", id, has, there, err)
		}
	}
}
