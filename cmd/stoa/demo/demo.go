// Package demo holds the three shops that `stoa demo` opens: a phone maker, a
// cosmetics brand and a tea house. It is data and the drawing of its pictures,
// nothing else: it must not know how a shop is created, imported or served. A
// brand's files are written out and then go through the same public commands
// that any brand would use.
package demo

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

//go:embed phones cosmetics tea street
var folders embed.FS

// Brand is one demo shop.
type Brand struct {
	Folder   string // its name in this package: "phones"
	Products []byte // products.csv: Shopify's product CSV; empty where nothing is sold
	Shop     []byte // shop.json: what `stoa apply` takes

	pictures []picture
	files    fs.FS
	err      error // what is wrong with the embedded files; Write reports it
}

// picture is one line of pictures.json: an SVG template of the brand's
// pictures folder, the words to fill it with, and the size to draw it at.
type picture struct {
	File   string            `json:"file"`
	SVG    string            `json:"svg"`
	Vars   map[string]string `json:"vars"`
	Width  int               `json:"width"`  // pixels; 1000 when absent
	Height int               `json:"height"` // pixels; 1250 when absent
}

// Brands are the demo's shops in the order they are shown.
func Brands() []Brand {
	var all []Brand
	for _, folder := range []string{"phones", "cosmetics", "tea"} {
		all = append(all, load(folder))
	}
	return all
}

// Street is the folder of StreetBrand.
const Street = "street"

// StreetBrand is the demo's fourth node: a gateway that sells nothing and shows the
// others. It has no products and no pictures.
func StreetBrand() Brand {
	b := Brand{Folder: Street}
	b.Shop, b.err = fs.ReadFile(folders, path.Join(Street, "shop.json"))
	return b
}

func load(folder string) Brand {
	b := Brand{Folder: folder}
	var errs [4]error
	b.files, errs[0] = fs.Sub(folders, folder)
	b.Products, errs[1] = fs.ReadFile(b.files, "products.csv")
	b.Shop, errs[2] = fs.ReadFile(b.files, "shop.json")
	b.pictures, errs[3] = pictures(b.files)
	b.err = errors.Join(errs[:]...)
	return b
}

func pictures(files fs.FS) ([]picture, error) {
	raw, err := fs.ReadFile(files, "pictures.json")
	if err != nil {
		return nil, err
	}
	var list struct{ Pictures []picture }
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("pictures.json: %w", err)
	}
	for i := range list.Pictures {
		p := &list.Pictures[i]
		if p.Width == 0 && p.Height == 0 {
			p.Width, p.Height = 1000, 1250
		}
		if p.File != path.Base(p.File) || path.Ext(p.File) != ".jpg" {
			return nil, fmt.Errorf("pictures.json: %q is not a bare .jpg name", p.File)
		}
	}
	return list.Pictures, nil
}

// Write puts the brand into dir, which it creates: products.csv, shop.json and
// every picture, as JPEG, in images/. Pictures are drawn on all processors and
// come out the same on every run. An error names the picture and its template;
// files written before it stay.
func (b Brand) Write(ctx context.Context, dir string) error {
	if b.err != nil {
		return fmt.Errorf("demo brand %s: %w", b.Folder, b.err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "images"), 0o755); err != nil {
		return fmt.Errorf("write demo brand %s: %w", b.Folder, err)
	}
	for name, data := range map[string][]byte{"products.csv": b.Products, "shop.json": b.Shop} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return fmt.Errorf("write demo brand %s: %w", b.Folder, err)
		}
	}
	if len(b.pictures) == 0 {
		return nil
	}
	if err := b.drawAll(ctx, filepath.Join(dir, "images")); err != nil {
		return fmt.Errorf("draw demo brand %s: %w", b.Folder, err)
	}
	return nil
}
