package gateway

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store"
)

// proofType is the media type of a proof bundle (specs/08-proof.md).
const proofType = "application/vnd.stoa.proof+cbor"

// proof serves /proof/{brand}/{path}: the bundle that proves the records of the
// path's group to anyone. It is made from the present head, so it isn't kept.
func (g *Gateway) proof(w *recorder, r *http.Request, rest string) {
	name, path, _ := strings.Cut(rest, "/")
	brand, err := protocol.ParseCID(name)
	at, pathErr := protocol.ParsePath(path)
	if err != nil || pathErr != nil {
		g.fail(w, r, g.own(), http.StatusNotFound)
		return
	}
	serves, err := g.serves(r.Context(), brand)
	if err != nil {
		g.trouble(w, r, err)
		return
	}
	if !serves {
		g.fail(w, r, g.own(), http.StatusNotFound)
		return
	}
	var bundle []byte
	err = g.store.View(r.Context(), brand, func(v *store.View) (err error) {
		bundle, err = v.Bundle(at)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		g.fail(w, r, g.own(), http.StatusNotFound)
		return
	}
	if err != nil {
		g.trouble(w, r, err)
		return
	}
	public(w.Header())
	send(w, r, proofType, bundle)
}

// wellKnownDoc is the document at /.well-known/stoa (specs/10-http.md §3).
type wellKnownDoc struct {
	Versions []int         `json:"versions"`
	Brand    protocol.CID  `json:"brand"`
	Name     string        `json:"name"`
	Head     wellKnownHead `json:"head"`
	Proof    string        `json:"proof"` // template of a path: {brand} and {path} are to be filled in
	Peers    []string      `json:"peers"` // multiaddrs at which other nodes reach this one
}

type wellKnownHead struct {
	CID     protocol.CID    `json:"cid"`
	Epoch   uint64          `json:"epoch"`
	Seq     uint64          `json:"seq"`
	Time    protocol.Millis `json:"time"`
	Expires protocol.Millis `json:"expires"`
}

func (g *Gateway) about(w *recorder, r *http.Request) {
	doc := wellKnownDoc{Versions: []int{catalog.Version}, Brand: g.brand, Proof: "/proof/{brand}/{path}", Peers: []string{}}
	if g.peers != nil {
		doc.Peers = append(doc.Peers, g.peers()...)
	}
	err := g.store.View(r.Context(), g.brand, func(v *store.View) error {
		h := v.Head()
		doc.Head = wellKnownHead{h.CID, h.Epoch, h.Seq, h.Time, h.Expires}
		p, err := v.Profile()
		if err == nil {
			doc.Name = p.Name
		}
		return notFoundIsFine(err)
	})
	if errors.Is(err, store.ErrNotFound) {
		g.fail(w, r, g.own(), http.StatusServiceUnavailable)
		return
	}
	body, jsonErr := json.Marshal(doc)
	if err = errors.Join(err, jsonErr); err != nil {
		g.trouble(w, r, err)
		return
	}
	public(w.Header())
	send(w, r, "application/json", append(body, '\n'))
}

func notFoundIsFine(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// send answers with bytes that are made anew each time.
func send(w http.ResponseWriter, r *http.Request, mediaType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // an error means that nobody listens any more
	}
}
