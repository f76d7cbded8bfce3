package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// take imports a file, with pictures from a folder if there is one.
func (s *stand) take(csv, images string) ImportReport {
	s.Helper()
	report, err := s.Import(s.Context(), strings.NewReader(csv), ImportOptions{Images: images})
	s.check(err)
	return report
}

// shows returns how many pictures the published product has, each with manifest
// and file; -1 when it isn't published.
func (s *stand) shows(h protocol.Handle) int {
	s.Helper()
	var media []catalog.MediaRef
	found := true
	s.view(func(v *store.View) error {
		p, _, err := v.Product(h)
		if errors.Is(err, store.ErrNotFound) {
			found = false
			return nil
		}
		if err == nil {
			media = p.Media
		}
		return err
	})
	if !found {
		return -1
	}
	for _, m := range media {
		if !s.has(m.Blob) {
			s.Fatalf("%s shows %s, which isn't there", h, m.Blob)
		}
	}
	return len(media)
}

const picturedCSV = `Handle,Title,Variant SKU,Variant Price,Image Src,Image Position
sencha,Sencha,SEN,9.50,https://example.com/a.png,1
sencha,,,,https://example.com/b.png,2
assam,Assam,ASS,7.50,https://example.com/a.png,1
plain,Plain,PLA,1.00,,
`

func TestPicturesThatCannotBeFetchedAreWarningsAndComeLater(t *testing.T) {
	from := new(web)
	from.fill("https://example.com/b.png", dot(7))
	s := inMemory(t, t.TempDir(), from)
	report := s.take(picturedCSV, "")
	if report.Created != 3 || len(report.Warnings) != 1 || !strings.Contains(report.Warnings[0].Message, "a.png") || !strings.Contains(report.Warnings[0].Message, "offline") {
		t.Fatalf("%+v", report)
	}
	if report.Head == nil || report.Head.CID != s.current().CID {
		t.Error("the report's head isn't the one in force")
	}
	s.pictured(t, map[protocol.Handle]int{"sencha": 1, "assam": 0, "plain": 0})

	tries := from.count()
	s.check(s.fetchDue(t.Context()))
	if from.count() != tries {
		t.Error("tried again at once")
	}
	s.clock.advance(19 * time.Minute) // 10 minutes, doubled for the first failure
	s.check(s.fetchDue(t.Context()))
	if from.count() != tries {
		t.Error("tried again too early")
	}
	s.clock.advance(time.Minute)
	s.check(s.fetchDue(t.Context()))
	if from.count() != tries+1 {
		t.Errorf("tried %d times instead of once", from.count()-tries)
	}
	s.pictured(t, map[protocol.Handle]int{"sencha": 1, "assam": 0})

	from.fill("https://example.com/a.png", dot(9))
	before := s.current()
	s.clock.advance(40 * time.Minute)
	s.check(s.fetchDue(t.Context()))
	s.pictured(t, map[protocol.Handle]int{"sencha": 2, "assam": 1, "plain": 0})
	if head := s.current(); head.Prev != before.CID {
		t.Error("two products needed more than one head")
	}
	if st, err := s.Status(t.Context()); err != nil || st.MissingPictures != 0 {
		t.Errorf("%d pictures are missing, %v", st.MissingPictures, err)
	}
	tries = from.count()
	s.clock.advance(100 * time.Hour)
	s.check(s.fetchDue(t.Context()))
	if from.count() != tries {
		t.Error("fetched what is there")
	}
}

func (s *stand) pictured(t *testing.T, want map[protocol.Handle]int) {
	t.Helper()
	for h, n := range want {
		if got := s.shows(h); got != n {
			t.Errorf("%s shows %d pictures, want %d", h, got, n)
		}
	}
}

func TestRetriesComeAtMostOnceADay(t *testing.T) {
	for tries, want := range []time.Duration{10 * time.Minute, 20 * time.Minute, 40 * time.Minute, 80 * time.Minute} {
		if got := retryAt(store.OwnPicture{Tries: tries}).Sub(time.UnixMilli(0)); got != want {
			t.Errorf("after %d tries: %s, want %s", tries, got, want)
		}
	}
	for _, tries := range []int{8, 9, 10, 1000} {
		if got := retryAt(store.OwnPicture{Tries: tries}).Sub(time.UnixMilli(0)); got != 24*time.Hour {
			t.Errorf("after %d tries: %s", tries, got)
		}
	}
}

func TestPicturesThatAreGoneForGoodAreNotAskedForAgain(t *testing.T) {
	from := new(web)
	from.fill("https://example.com/words.png", []byte("no picture"))
	s := inMemory(t, t.TempDir(), from)
	report := s.take("Handle,Title,Variant Price,Image Src\na,A,1,https://example.com/gone.png\nb,B,1,https://example.com/words.png\n", "")
	if len(report.Warnings) != 2 {
		t.Errorf("%+v", report.Warnings)
	}
	tries := from.count()
	s.clock.advance(1000 * time.Hour)
	s.check(s.fetchDue(t.Context()))
	if from.count() != tries {
		t.Error("asked again")
	}
}

func TestNoPictureWaitsBehindOthersForEver(t *testing.T) {
	from := new(web)
	s := inMemory(t, t.TempDir(), from)
	s.check(s.store.UpdateOwn(t.Context(), func(o *store.OwnTxn) error {
		for i := range 2 * retryBatch {
			name := fmt.Sprintf("%04d.png", i)
			p := store.OwnPicture{Source: name, Tries: 1}
			if i%2 == 0 {
				p = store.OwnPicture{Source: "https://a.example/" + name, Tries: 1, Final: true}
			}
			if err := o.PutPicture(p); err != nil {
				return err
			}
		}
		return o.PutPicture(store.OwnPicture{Source: "https://z.example/last.png"})
	}))
	s.check(s.fetchDue(t.Context()))
	if from.count() != 1 {
		t.Errorf("the one that is due was asked for %d times", from.count())
	}
}

func TestAPictureThatCameBeforeAKillIsShownAfterwards(t *testing.T) {
	from := new(web)
	s := inMemory(t, t.TempDir(), from)
	s.take(picturedCSV, "")
	from.fill("https://example.com/a.png", dot(9))
	fetched, _, err := s.fetchAll(t.Context(), []string{"https://example.com/a.png"}, func(int) {}) // and no more: killed
	if err != nil || len(fetched) != 1 {
		t.Fatal(fetched, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.check(s.fetchMissing(ctx)) // it was stopped before it began
	s.pictured(t, map[protocol.Handle]int{"sencha": 0, "assam": 0})
	s.check(s.showFetched(t.Context()))
	s.pictured(t, map[protocol.Handle]int{"sencha": 1, "assam": 1})
	before := s.current()
	s.check(s.showFetched(t.Context()))
	if s.current().CID != before.CID {
		t.Error("signed again for nothing")
	}
}

func TestPicturesWaitForTheEndOfAnAlarm(t *testing.T) {
	from := new(web)
	s := inMemory(t, t.TempDir(), from)
	s.take(picturedCSV, "")
	elsewhere, err := catalog.Next(ptr(s.current()), 0, s.millis()+1)
	s.check(err)
	now := s.current()
	elsewhere.Brand, elsewhere.ID, elsewhere.Root, elsewhere.Count, elsewhere.Bytes = s.brand, now.ID, now.Root, now.Count, now.Bytes
	head, err := catalog.SignHead(elsewhere, s.key)
	s.check(err)
	s.wants(s.Notice(t.Context(), head), ErrAlarm)
	from.fill("https://example.com/a.png", dot(9))
	s.clock.advance(time.Hour)
	s.wants(s.fetchDue(t.Context()), ErrAlarm)
	_, err = s.Silence(t.Context())
	s.check(err)
	s.check(s.showFetched(t.Context()))
	s.pictured(t, map[protocol.Handle]int{"sencha": 1, "assam": 1})
}

func ptr[T any](v T) *T { return &v }

func TestImportingAgainFinishesWhatWasInterrupted(t *testing.T) {
	from := new(web)
	s := inMemory(t, t.TempDir(), from)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := s.Import(ctx, strings.NewReader(picturedCSV), ImportOptions{Progress: func(p Progress) {
		if p.Phase == "sign" && p.Done == p.Total {
			cancel()
		}
	}})
	if err == nil {
		t.Fatal("a cancelled import was done")
	}
	for _, b := range []uint8{7, 9} {
		from.fill(fmt.Sprintf("https://example.com/%c.png", 'a'+b/9), dot(b))
	}
	report := s.take(picturedCSV, "")
	if report.Products != 3 || len(report.Warnings) > 0 {
		t.Errorf("%+v", report)
	}
	s.pictured(t, map[protocol.Handle]int{"sencha": 2, "assam": 1, "plain": 0})
}

func TestPicturesOfAFolder(t *testing.T) {
	s, dir := inMemory(t, t.TempDir(), nil), folder(t, 2)
	csv := "Handle,Title,Variant Price,Image Src\nsencha,Sencha,1,a.png\nassam,Assam,2,b.png\noolong,Oolong,3,c.png\n"
	steps := []struct {
		name, images       string
		before             func()
		updated, unchanged int
		warnings           int
		shown              map[protocol.Handle]int
	}{
		{"without the folder", "", nil, 0, 0, 3, map[protocol.Handle]int{"sencha": 0, "assam": 0, "oolong": 0}},
		{"with it", dir, nil, 2, 1, 1, map[protocol.Handle]int{"sencha": 1, "assam": 1, "oolong": 0}},
		{"again", dir, nil, 0, 3, 1, map[protocol.Handle]int{"sencha": 1, "assam": 1, "oolong": 0}},
		{"with a picture that came", dir, func() { s.file(dir, "c.png", dot(99)) }, 1, 2, 0, map[protocol.Handle]int{"oolong": 1}},
		{"with one that changed", dir, func() { s.file(dir, "a.png", dot(123)) }, 1, 2, 0, map[protocol.Handle]int{"sencha": 1}},
		{"without the folder again", "", nil, 0, 3, 0, map[protocol.Handle]int{"sencha": 1, "assam": 1, "oolong": 1}},
	}
	for i, step := range steps {
		if step.before != nil {
			step.before()
		}
		old := s.current()
		report := s.take(csv, step.images)
		if i > 0 && (report.Updated != step.updated || report.Unchanged != step.unchanged) || len(report.Warnings) != step.warnings {
			t.Errorf("%s: %+v", step.name, report)
		}
		if moved := s.current().CID != old.CID; i > 0 && moved != (step.updated > 0) {
			t.Errorf("%s: a head was signed: %t", step.name, moved)
		}
		s.pictured(t, step.shown)
	}
	first := s.blob("a.png")
	if p := protocol.Sum(protocol.Raw, dot(0)); p == first {
		t.Error("the old picture is still shown")
	}
}

func (s *stand) file(dir, name string, b []byte) {
	s.Helper()
	s.check(os.WriteFile(filepath.Join(dir, name), b, 0o600))
}

func TestAnImportWithABadRowChangesNothing(t *testing.T) {
	s := inMemory(t, t.TempDir(), nil)
	s.take("Handle,Title,Variant SKU,Variant Price\nsencha,Sencha,SEN,9.50\n", "")
	before := s.current()
	bad := "Handle,Title,Variant SKU,Variant Price\nsencha,Sencha 2,SEN,10\nassam,Assam,ASS,-1\n"
	report, err := s.Import(t.Context(), strings.NewReader(bad), ImportOptions{})
	if !errors.Is(err, ErrBadRows) || len(report.Errors) != 1 || report.Errors[0].Row != 3 {
		t.Fatalf("%+v, %v", report, err)
	}
	own, err := s.store.OwnProduct(t.Context(), "sencha")
	if err != nil || own.Product.Title != "Sencha" || s.current().CID != before.CID {
		t.Errorf("something changed: %+v, %v", own, err)
	}
	report, err = s.Import(t.Context(), strings.NewReader(bad), ImportOptions{SkipBadRows: true})
	if err != nil || report.Updated != 1 || len(report.Errors) != 1 || s.offer("sencha", "SEN").Price != eur(1000) {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestADryRunChangesNothing(t *testing.T) {
	s := inMemory(t, t.TempDir(), nil)
	before := s.current()
	report, err := s.Import(t.Context(), strings.NewReader(picturedCSV), ImportOptions{DryRun: true})
	if err != nil || report.Created != 3 || !report.DryRun || s.current().CID != before.CID {
		t.Errorf("%+v, %v", report, err)
	}
	for p := range s.OwnProducts(t.Context()) {
		t.Errorf("%s came into the shop", p.Product.Handle)
	}
	if st, err := s.Status(t.Context()); err != nil || st.MissingPictures != 0 {
		t.Errorf("%d pictures are missing, %v", st.MissingPictures, err)
	}
}

func TestAReaderThatBreaksLeavesTheShopAsItWas(t *testing.T) {
	s := inMemory(t, t.TempDir(), nil)
	before := s.current()
	var b strings.Builder
	b.WriteString("Handle,Title,Variant Price\n")
	for i := range 3000 {
		fmt.Fprintf(&b, "p%d,P,1\n", i)
	}
	_, err := s.Import(t.Context(), &breaking{strings.NewReader(b.String())}, ImportOptions{})
	s.wants(err, errOffline)
	if s.current().CID != before.CID {
		t.Error("the head moved")
	}
	for p := range s.OwnProducts(t.Context()) {
		t.Fatalf("%s came into the shop", p.Product.Handle)
	}
}

// breaking is a reader that fails where its text ends.
type breaking struct{ r *strings.Reader }

func (b *breaking) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err != nil {
		err = errOffline
	}
	return n, err
}

const collectedCSV = `Handle,Title,Collection,Status,Variant Price
sencha,Sencha,Green Tea,active,9.50
gyokuro,Gyokuro,green tea,active,19.50
bancha,Bancha,Green Tea,draft,4.50
assam,Assam,Black Tea,active,7.50
`

func TestTheCollectionColumnMakesCollections(t *testing.T) {
	s := inMemory(t, t.TempDir(), nil)
	s.take(collectedCSV, "")
	before := s.current()
	s.view(func(v *store.View) error {
		green, err := v.Collection("green-tea")
		s.check(err)
		if green.Title != "Green Tea" || !slices.Equal(green.Products, []protocol.Handle{"sencha", "gyokuro"}) {
			t.Errorf("%+v", green)
		}
		_, err = v.Collection("black-tea")
		return err
	})
	if s.take(collectedCSV, ""); s.current().CID != before.CID {
		t.Error("the same file again changed something")
	}
	s.take(strings.Replace(collectedCSV, "draft", "active", 1), "")
	s.view(func(v *store.View) error {
		green, err := v.Collection("green-tea")
		if err == nil && len(green.Products) != 3 {
			t.Errorf("a draft that was published didn't join: %v", green.Products)
		}
		return err
	})
}

func TestADryRunFindsWhatNoRecordMayHold(t *testing.T) {
	s := inMemory(t, t.TempDir(), nil)
	csv := "Handle,Title,Collection,Variant Price\nsencha,Sencha," + strings.Repeat("long ", 200) + ",1\n"
	for _, dry := range []bool{true, false} {
		report, err := s.Import(t.Context(), strings.NewReader(csv), ImportOptions{DryRun: dry})
		if !errors.Is(err, ErrBadRows) || len(report.Errors) != 1 {
			t.Errorf("dry run %t: %v, %+v", dry, err, report)
		}
	}
}

func TestPicturesOfLargeProductsAreShownUnderSeveralHeads(t *testing.T) {
	from := new(web)
	s := inMemory(t, t.TempDir(), from)
	var csv strings.Builder
	csv.WriteString("Handle,Title,Body (HTML),Variant Price,Image Src\n")
	long := strings.Repeat("word ", 9_900)
	for i := range refreshChunk {
		fmt.Fprintf(&csv, "p%d,P,%s,1,https://example.com/a.png\n", i, long)
	}
	s.take(csv.String(), "")
	from.fill("https://example.com/a.png", dot(1))
	s.clock.advance(time.Hour)
	s.check(s.fetchDue(t.Context()))
	s.pictured(t, map[protocol.Handle]int{"p0": 1, "p299": 1})
}
