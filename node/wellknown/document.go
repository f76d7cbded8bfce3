// Package wellknown asks a gateway who stands at its front: it fetches and reads
// /.well-known/stoa. What comes is a claim of the gateway; only signatures show
// more. It carries out specs/10-http.md §2 for those who read.
//
// It must not know catalogs, stores or libp2p.
package wellknown

import (
	"encoding/json"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// Limits of a document (specs/10-http.md §1).
const (
	// MaxDocument is the largest document in bytes (64 KiB).
	MaxDocument = 64 << 10
	// MaxPeers is how many addresses of peers are taken from a document.
	MaxPeers = 8

	maxName     = 200  // bytes of a name; the rest is cut off with it
	maxVersions = 1000 // that are looked through
)

// Document is what is taken from /.well-known/stoa.
type Document struct {
	Brand protocol.CID
	Name  string      // as the gateway gives it, "" if it is too long to be one
	Peers []wire.Hint // where the node may be reached, at most MaxPeers
}

// form is the document as it comes. Members that nobody here needs are left out.
type form struct {
	Versions []int    `json:"versions"`
	Brand    string   `json:"brand"`
	Name     string   `json:"name"`
	Peers    []string `json:"peers"`
}

// Decode reads a document. Peers that have not the form of a hint are left out;
// anything else that is wrong is an error that wraps protocol.ErrInvalid.
func Decode(data []byte) (Document, error) {
	if len(data) > MaxDocument {
		return Document{}, protocol.Invalid("description of a gateway", "is larger than %d bytes", MaxDocument)
	}
	var f form
	if err := json.Unmarshal(data, &f); err != nil {
		return Document{}, protocol.Invalid("description of a gateway", "%v", err)
	}
	if !f.speaks(1) {
		return Document{}, protocol.Invalid("description of a gateway", "it doesn't say that version 1 is spoken there")
	}
	brand, err := protocol.ParseCID(f.Brand)
	if err != nil {
		return Document{}, fmt.Errorf("description of a gateway: brand: %w", err)
	}
	if brand.Codec() != protocol.DagCBOR {
		return Document{}, protocol.Invalid("description of a gateway", "%s names no brand", brand)
	}
	if len(f.Name) > maxName {
		f.Name = ""
	}
	return Document{Brand: brand, Name: f.Name, Peers: f.hints()}, nil
}

func (f form) speaks(version int) bool {
	for _, v := range f.Versions[:min(len(f.Versions), maxVersions)] {
		if v == version {
			return true
		}
	}
	return false
}

func (f form) hints() []wire.Hint {
	var out []wire.Hint
	for _, p := range f.Peers {
		if h, err := wire.ParseHint(p); err == nil && len(out) < MaxPeers {
			out = append(out, h)
		}
	}
	return out
}
