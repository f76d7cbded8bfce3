package gateway_test

import (
	"bytes"
	"image/jpeg"
	"net/http"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// elsewhere is a picture that the catalog names and that isn't here, with its file.
func (b *brand) elsewhere(color string) (*catalog.Media, []byte) {
	b.t.Helper()
	var file bytes.Buffer
	b.check(jpeg.Encode(&file, plate(900, 600, white, black), nil))
	m := &catalog.Media{
		Header: catalog.HeaderOf(catalog.TypeMedia), Blob: protocol.Sum(protocol.Raw, file.Bytes()), MIME: "image/jpeg",
		Size: int64(file.Len()), Width: 900, Height: 600, Color: color,
	}
	b.publish(m)
	return m, file.Bytes()
}

func TestAPictureThatIsNotHereYetIsAskedForAndComes(t *testing.T) {
	_, other, m, s := twoShops(t)
	media, file := other.elsewhere("#336699")
	address := "/@werkzeug/m/" + media.Blob.String() + "/640.jpg"
	resp, body := get(t, s, address)
	if resp.StatusCode != http.StatusAccepted || resp.Header.Get("Content-Type") != "image/svg+xml" || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
	if !strings.Contains(body, `width="900" height="600"`) || !strings.Contains(body, "#336699") {
		t.Errorf("in its place stands %s", body)
	}
	if !m.hasWanted(media.Blob) {
		t.Error("nobody was asked for it")
	}
	other.check(other.blobs.Import(t.Context(), media.Blob, bytes.NewReader(file)))
	resp, body = get(t, s, address)
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "image/jpeg" || !strings.Contains(resp.Header.Get("Cache-Control"), "immutable") || len(body) == 0 {
		t.Errorf("%d %v once it is here", resp.StatusCode, resp.Header)
	}
}

func TestNothingButPicturesComesOutOfForeignBlobs(t *testing.T) {
	_, other, m, s := twoShops(t)
	svg := `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>`
	for name, file := range map[string]string{
		"svg": svg, "html": "<!doctype html><script>alert(1)</script>", "nothing": "", "jpeg in name": "\xff\xd8\xff\xe0" + svg,
		"huge png": "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x01\x86\xa0\x00\x01\x86\xa0\x08\x06\x00\x00\x00" + strings.Repeat("\x00", 64),
	} {
		media := &catalog.Media{
			Header: catalog.HeaderOf(catalog.TypeMedia), Blob: protocol.Sum(protocol.Raw, []byte(file)), MIME: "image/jpeg", Size: int64(max(len(file), 1)), Width: 100, Height: 100,
		}
		other.publish(media)
		other.check(other.blobs.Import(t.Context(), media.Blob, strings.NewReader(file)))
		for _, width := range []string{"160", "1920"} {
			resp, body := get(t, s, "/@werkzeug/m/"+media.Blob.String()+"/"+width+".jpg")
			if resp.StatusCode != 404 || resp.Header.Get("Content-Type") != "image/svg+xml" || strings.Contains(body, "script") || strings.Contains(body, "alert") {
				t.Errorf("%s: %d %s %.100q", name, resp.StatusCode, resp.Header.Get("Content-Type"), body)
			}
		}
		if m.hasWanted(media.Blob) {
			t.Errorf("%s is asked for though it is here", name)
		}
	}
}

func TestPicturesBelongToTheirShop(t *testing.T) {
	own, other, m, s := twoShops(t)
	ref, manifest := own.picture(plate(50, 50, black, white), "")
	own.publish(manifest)
	media, _ := other.elsewhere("")
	for address, want := range map[string]int{
		"/m/" + ref.Blob.String() + "/160.jpg":                   200,
		"/@werkzeug/m/" + ref.Blob.String() + "/160.jpg":         404,
		"/m/" + media.Blob.String() + "/160.jpg":                 404,
		"/@werkzeug/m/" + media.Blob.String() + "/161.jpg":       404,
		"/@werkzeug/m/" + media.Blob.String() + "/160.svg":       404,
		"/@werkzeug/m/" + media.Blob.String():                    404,
		"/@werkzeug/m/":                                          404,
		"/@nobody/m/" + media.Blob.String() + "/160.jpg":         404,
		"/@werkzeug/m/../../m/" + ref.Blob.String() + "/160.jpg": 404,
	} {
		if resp, _ := get(t, s, address); resp.StatusCode != want {
			t.Errorf("%s answers %d, want %d", address, resp.StatusCode, want)
		}
	}
	if m.hasWanted(ref.Blob) || m.hasWanted(media.Blob) {
		t.Error("pictures were asked for that no page can show")
	}
	if _, body := get(t, s, "/@werkzeug/m/"+media.Blob.String()+"/160.jpg"); !strings.Contains(body, "#d9d6d0") {
		t.Errorf("without a colour the stand-in is %s", body)
	}
}
