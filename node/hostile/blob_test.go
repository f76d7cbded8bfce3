package hostile_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stoa-commerce/stoa/node/hostile"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// picture is a small picture, another one for each shade.
func picture(shade uint8) []byte {
	img := image.NewGray(image.Rect(0, 0, 40, 40))
	for i := range img.Pix {
		img.Pix[i] = shade
	}
	img.SetGray(1, 1, color.Gray{Y: 255 - shade})
	var b bytes.Buffer
	_ = png.Encode(&b, img) // a buffer takes everything
	return b.Bytes()
}

// pictured publishes a product with a picture, and returns that.
func (s *scene) pictured(shade uint8) protocol.CID {
	s.Helper()
	dir, data := s.TempDir(), picture(shade)
	s.check(os.WriteFile(filepath.Join(dir, "a.png"), data, 0o600))
	s.brand.take("Handle,Title,Variant SKU,Variant Price,Image Src\npot-"+string('a'+rune(shade))+",Pot,pot-"+string('a'+rune(shade))+",30.00,a.png\n", dir)
	id := protocol.Sum(protocol.Raw, data)
	has, err := s.brand.Blobs().Has(id)
	s.check(err)
	if !has {
		s.Fatal("the picture was stored otherwise")
	}
	s.shelves.blobs[id] = data
	return id
}

// blobs answers requests for pictures with other pages.
func blobs(change func([]*wire.ContentPage) []*wire.ContentPage) hostile.Evil {
	return hostile.Evil{Twist: func(r wire.Request, frames []wire.Response) []wire.Response {
		if _, ok := r.(*wire.ContentRequest); !ok {
			return frames
		}
		var got []*wire.ContentPage
		for _, f := range frames {
			if p, ok := f.(*wire.ContentPage); ok {
				got = append(got, p)
			}
		}
		out := []wire.Response{&wire.Status{Status: wire.OK}}
		for _, p := range change(got) {
			out = append(out, p)
		}
		return append(out, &wire.End{Complete: true})
	}}
}

func TestPicturesThatAreNotWhatTheirNamesSayAreTakenFromOthers(t *testing.T) {
	s := newScene(t)
	cases := []struct {
		name string
		evil hostile.Evil
		want said
	}{
		{"other bytes", blobs(func(list []*wire.ContentPage) []*wire.ContentPage {
			list[0].Data = bytes.Repeat([]byte{7}, len(list[0].Data))
			return list
		}), said{msg: lied}},
		{"another size", blobs(func(list []*wire.ContentPage) []*wire.ContentPage {
			for _, p := range list {
				p.Size = wire.MaxContent
			}
			return list
		}), said{}},
		{"fewer bytes", blobs(func(list []*wire.ContentPage) []*wire.ContentPage {
			list[0].Data = list[0].Data[:10]
			list[0].Size = 10
			return list
		}), said{msg: lied}},
		{"bytes without end", blobs(func(list []*wire.ContentPage) []*wire.ContentPage {
			for i := range 100 {
				list = append(list, &wire.ContentPage{Size: list[0].Size, Offset: uint64(i) * 100_000, Data: make([]byte, 100_000)})
			}
			return list
		}), said{msg: lied}},
		{"the same page again and again", blobs(func(list []*wire.ContentPage) []*wire.ContentPage {
			return slices.Repeat(list, 50)
		}), said{msg: lied}},
	}
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			defer s.act(t)()
			s.joined()
			blob := s.pictured(uint8(i))
			s.was = measure()
			p := s.copycat()
			p.Do(c.evil)
			s.mirror.follows(p.Addr())
			s.eventually("the picture is there", func() bool {
				has, err := s.mirror.Blobs().Has(blob)
				return err == nil && has
			})
			s.eventually("the peer is asked", func() bool { return p.Asked("content") > 0 })
			if c.want.msg != "" {
				c.want.peer = p.Host.ID().String()
				s.mirror.logs(c.want)
			}
			s.unharmed()
		})
	}
}
