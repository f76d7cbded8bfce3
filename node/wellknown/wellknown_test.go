package wellknown

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/node/guard"
	"github.com/stoa-commerce/stoa/protocol"
)

const (
	brand = "bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"
	peer  = "/ip4/192.0.2.7/tcp/4001/p2p/12D3KooWGRUfNLBTyTvu6e6R8PTKJSvYWv5YGvn4yRzcvVDPMGkr"
	good  = `{"versions":[1],"brand":"` + brand + `","name":"Tea","head":{},"proof":"/proof/{brand}/{path}","peers":["` + peer + `","nonsense"]}`
)

func TestDecodeTakesWhatIsThereAndRefusesWhatIsWrong(t *testing.T) {
	doc, err := Decode([]byte(good))
	if err != nil || doc.Brand.String() != brand || doc.Name != "Tea" || len(doc.Peers) != 1 || string(doc.Peers[0]) != peer {
		t.Fatalf("%+v, %v", doc, err)
	}
	for name, data := range map[string]string{
		"empty":           ``,
		"no object":       `[1]`,
		"no brand":        `{"versions":[1],"name":"Tea"}`,
		"no version":      `{"brand":"` + brand + `"}`,
		"other version":   `{"versions":[2],"brand":"` + brand + `"}`,
		"brand is no CID": `{"versions":[1],"brand":"tea.example"}`,
		"brand is a blob": `{"versions":[1],"brand":"` + protocol.Sum(protocol.Raw, []byte("x")).String() + `"}`,
		"peers no list":   `{"versions":[1],"brand":"` + brand + `","peers":"` + peer + `"}`,
		"more behind it":  good + `{}`,
		"too large":       good + strings.Repeat(" ", MaxDocument),
	} {
		if doc, err := Decode([]byte(data)); !errors.Is(err, protocol.ErrInvalid) {
			t.Errorf("%s: %+v, %v", name, doc, err)
		}
	}
}

func TestManyPeersAreNotAllTaken(t *testing.T) {
	many := `"` + strings.Repeat(peer+`","`, 100) + peer + `"`
	doc, err := Decode([]byte(`{"versions":[1],"brand":"` + brand + `","peers":[` + many + `]}`))
	if err != nil || len(doc.Peers) != MaxPeers {
		t.Errorf("%d peers, %v", len(doc.Peers), err)
	}
}

func TestGatewaysAreAskedWithinBounds(t *testing.T) {
	redirected := false
	mux := http.NewServeMux()
	mux.HandleFunc("/good"+Path, func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(good)) })
	mux.HandleFunc("/endless"+Path, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 32<<10)); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/moved"+Path, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) })
	mux.HandleFunc("/elsewhere", func(http.ResponseWriter, *http.Request) { redirected = true })
	mux.HandleFunc("/busy"+Path, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	s := httptest.NewServer(mux)
	defer s.Close()
	for path, want := range map[string]error{
		"/good": nil, "/endless": protocol.ErrInvalid, "/moved": protocol.ErrInvalid, "/none": protocol.ErrInvalid, "/busy": ErrUnreachable,
	} {
		if _, err := NewTrusting().Read(t.Context(), s.URL+path); !errors.Is(err, want) {
			t.Errorf("%s: %v; want %v", path, err, want)
		}
	}
	if redirected {
		t.Error("a redirect was followed")
	}
	if _, err := New().Read(t.Context(), s.URL+"/good"); !errors.Is(err, guard.ErrForbiddenAddress) {
		t.Errorf("a stranger's name led to this machine: %v", err)
	}
	s.Close()
	if _, err := NewTrusting().Read(t.Context(), s.URL+"/good"); !errors.Is(err, ErrUnreachable) {
		t.Errorf("nobody listens: %v", err)
	}
}

func TestBasesOfGateways(t *testing.T) {
	for in, want := range map[string]string{
		"tea.example":                   "https://tea.example",
		"https://Tea.Example/":          "https://tea.example",
		"http://127.0.0.1:8181/p/tea":   "http://127.0.0.1:8181",
		"https://tea.example/?a=1#b":    "https://tea.example",
		"ftp://tea.example":             "",
		"https://":                      "",
		"https://me:secret@tea.example": "",
		strings.Repeat("a", 3000):       "",
	} {
		got, err := Base(in)
		if got != want || (want == "") != (err != nil) {
			t.Errorf("%.40s: %q, %v; want %q", in, got, err, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{"versions":[1],"brand":"` + brand + `","peers":[null,{},1]}`))
	f.Add([]byte(`{"versions":[1e99]}`))
	f.Add([]byte(strings.Repeat("[", 1000)))
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := Decode(data)
		if err == nil && (doc.Brand == (protocol.CID{}) || len(doc.Peers) > MaxPeers || len(doc.Name) > maxName) {
			t.Fatalf("%+v", doc)
		}
		if err != nil && !errors.Is(err, protocol.ErrInvalid) {
			t.Fatalf("an error of ours: %v", err)
		}
	})
}
