// Package web carries what the gateway's pages are made of: the HTML templates,
// and the built styles, scripts and fonts with their compressed copies. It knows
// nothing of shops. The assets are built from src by the command in build and
// committed, so that building the node needs no Node.
package web

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"mime"
	"path"
)

//go:embed dist
var dist embed.FS

//go:embed templates
var templates embed.FS

// Templates are the HTML templates, one file each.
func Templates() fs.FS {
	sub, err := fs.Sub(templates, "templates")
	if err != nil {
		panic(err) // the name is constant
	}
	return sub
}

// Asset is one built file.
type Asset struct {
	URL          string // path with a hash of the content in it: cacheable for ever
	Type         string // media type
	Integrity    string // for the integrity attribute
	Body         []byte
	Gzip, Brotli []byte // nil where compressing gains nothing
}

// Assets are all built files.
type Assets struct {
	byName map[string]*Asset
	byFile map[string]*Asset
}

// Load reads the embedded assets.
func Load() (*Assets, error) {
	raw, err := dist.ReadFile("dist/manifest.json")
	if err != nil {
		return nil, fmt.Errorf("read manifest of assets: %w", err)
	}
	var manifest map[string]struct{ File, Integrity string }
	if err := json.Unmarshal(raw, &manifest); err != nil {
		return nil, fmt.Errorf("read manifest of assets: %w", err)
	}
	a := &Assets{byName: map[string]*Asset{}, byFile: map[string]*Asset{}}
	for name, line := range manifest {
		asset, err := load(line.File)
		if err != nil {
			return nil, fmt.Errorf("load asset %s: %w", name, err)
		}
		asset.Integrity = line.Integrity
		a.byName[name], a.byFile[line.File] = asset, asset
	}
	return a, nil
}

func load(file string) (*Asset, error) {
	body, err := dist.ReadFile("dist/" + file)
	if err != nil {
		return nil, err
	}
	asset := &Asset{URL: "/assets/" + file, Type: typeOf(file), Body: body}
	if gz, err := dist.ReadFile("dist/" + file + ".gz"); err == nil && len(gz) < len(body) {
		asset.Gzip = gz
	}
	if br, err := dist.ReadFile("dist/" + file + ".br"); err == nil && len(br) < len(body) {
		asset.Brotli = br
	}
	return asset, nil
}

func typeOf(file string) string {
	switch path.Ext(file) {
	case ".woff2":
		return "font/woff2"
	case ".js":
		return "text/javascript; charset=utf-8"
	}
	return mime.TypeByExtension(path.Ext(file))
}

// Named returns the asset built from the source of that name: "app.css", or nil.
func (a *Assets) Named(name string) *Asset { return a.byName[name] }

// File returns the asset with that file name, or nil.
func (a *Assets) File(file string) *Asset { return a.byFile[file] }
