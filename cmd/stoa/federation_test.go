package main

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/node"
)

// pngOf draws a picture of one shade, more or less.
func pngOf(t *testing.T, shade uint8) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 400, 400))
	for i := range img.Pix {
		img.Pix[i] = shade + uint8(i%7)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWhatABrandChangesIsSeenWhereItIsFollowed(t *testing.T) {
	tea := openHome(t, newHome(t, "Corner Tea", "sencha", "assam"), alone)
	street := openHome(t, newHome(t, "The Street"), tea.places.node())
	other := openHome(t, newHome(t, "Other Tea", "matcha"), tea.places.node(), street.places.node())
	for _, o := range []*openedHome{street, other} {
		stoa(t, o.home, "follow", tea.places.Brand, "--as", "tea")
		within(t, patience, "the tea house is mirrored", func() bool { b := o.brands()["tea"]; return b.Products == 2 && b.State == "current" })
	}
	var changed struct{ Head struct{ Seq uint64 } }
	if err := json.Unmarshal([]byte(stoa(t, tea.home, "set-price", "SENCHA", "11.25")), &changed); err != nil {
		t.Fatal(err)
	}
	for _, o := range []*openedHome{street, other} {
		within(t, patience, "the change has come", func() bool { return o.brands()["tea"].Seq == changed.Head.Seq })
		if status, body := o.get("/@tea/p/sencha"); status != http.StatusOK || !strings.Contains(body, "11.25") {
			t.Errorf("status %d, the new price is not on the page", status)
		}
	}
	within(t, patience, "the brand knows who has its latest catalog", func() bool { return seen(t, tea.home, changed.Head.Seq) == 2 })
}

// seen counts the followers that have a head of a brand.
func seen(t *testing.T, home string, seq uint64) (n int) {
	t.Helper()
	var st node.Status
	if err := json.Unmarshal([]byte(stoa(t, home, "status")), &st); err != nil {
		t.Fatal(err)
	}
	for _, f := range st.Followers {
		if f.Seq == seq {
			n++
		}
	}
	return n
}

func TestWhatABrandDeletesDisappearsFromItsMirrors(t *testing.T) {
	tea := openHome(t, newHome(t, "Corner Tea", "sencha", "assam"), alone)
	street := openHome(t, newHome(t, "The Street"), tea.places.node())
	stoa(t, street.home, "follow", tea.places.Brand, "--as", "tea")
	within(t, patience, "two teas are mirrored", func() bool { return street.brands()["tea"].Products == 2 })
	hidden := t.TempDir() + "/hidden.csv"
	write(t, hidden, []byte("Handle,Title,Status\nassam,Assam,draft\n"))
	stoa(t, tea.home, "import", hidden)
	within(t, patience, "one is gone", func() bool { return street.brands()["tea"].Products == 1 })
	for _, path := range []string{"/@tea/p/assam", "/@tea/search?q=assam"} {
		if _, body := street.get(path); strings.Contains(body, `href="/@tea/p/assam"`) {
			t.Errorf("%s still leads to it", path)
		}
	}
	if status, _ := street.get("/@tea/p/assam"); status != http.StatusNotFound {
		t.Errorf("its page: status %d", status)
	}
}

// pictureLinks finds addresses of pictures in a page.
var pictureLinks = regexp.MustCompile(`/@tea/m/[a-z0-9]+/[0-9]+\.jpg`)

func TestABrandThatIsSwitchedOffStaysVisibleAndHonestlyMarked(t *testing.T) {
	if testing.Short() {
		t.Skip("waits until a brand is missed")
	}
	t.Parallel()
	tea := openHome(t, newHome(t, "Corner Tea", "sencha", "assam"), alone)
	street := openHome(t, newHome(t, "The Street"), tea.places.node())
	stoa(t, street.home, "follow", tea.places.Shop, "--as", "tea")
	within(t, patience, "the tea house is mirrored", func() bool { b := street.brands()["tea"]; return b.Products == 2 && b.State == "current" })
	within(t, patience, "first pictures are here", func() bool { return picturesOf(street, "/@tea/p/assam") })
	_, before := street.get("/@tea/p/sencha")
	tea.close()
	within(t, 2*time.Minute, "the brand is missed", func() bool { return street.brands()["tea"].State == "stale" })
	if b := street.brands()["tea"]; b.LastSeen == nil || time.Since(b.LastSeen.Time()) > 3*time.Minute || b.Products != 2 {
		t.Errorf("%+v", b)
	}
	status, after := street.get("/@tea/p/sencha")
	if status != http.StatusOK || !strings.Contains(after, "9.50") || after == before {
		t.Errorf("status %d; the page doesn't say that the brand is away", status)
	}
	for _, path := range []string{"/@tea/", "/@tea/p/assam", "/@tea/search?q=assam", "/proof/" + tea.places.Brand + "/product/assam"} {
		if status, _ := street.get(path); status != http.StatusOK {
			t.Errorf("%s: status %d", path, status)
		}
	}
	stoa(t, street.home, "unfollow", "tea")
	if status, _ := street.get("/@tea/p/sencha"); status != http.StatusNotFound {
		t.Errorf("a brand that isn't followed any more: status %d", status)
	}
	if len(street.brands()) != 0 {
		t.Error("it is still listed")
	}
}

// picturesOf reports whether a page has pictures, and all of them are there.
func picturesOf(o *openedHome, path string) bool {
	_, body := o.get(path)
	all := pictureLinks.FindAllString(body, -1)
	for _, p := range all {
		if status, _ := o.get(p); status != http.StatusOK {
			return false
		}
	}
	return len(all) > 0
}
