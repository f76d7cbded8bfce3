package control

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/stoa-commerce/stoa/node"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// maxRequest bounds the JSON of one request in bytes. Files are streamed apart.
const maxRequest = 16 << 20

// reply is one line of an answer: progress and parts of a long list, then a result
// or an error.
type reply struct {
	Progress *node.Progress  `json:"progress,omitempty"`
	Part     json.RawMessage `json:"part,omitempty"`
	Result   json.RawMessage `json:"result,omitempty"`
	Error    string          `json:"error,omitempty"`
	// Refused says that the caller asked for something that can't be done, rather
	// than that the node failed.
	Refused bool `json:"refused,omitempty"`
}

// NewHandler serves a node's verbs. Only the node's owner may reach it.
func NewHandler(n *node.Node) http.Handler {
	s := server{n, patience}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /import", s.importFile)
	mux.HandleFunc("GET /archive", s.archive)
	mux.HandleFunc("POST /products", s.products)
	mux.HandleFunc("POST /price", verb(s.price))
	mux.HandleFunc("POST /apply", verb(s.apply))
	mux.HandleFunc("POST /show", verb(s.show))
	mux.HandleFunc("POST /proof", verb(s.proof))
	mux.HandleFunc("POST /status", verb(s.status))
	mux.HandleFunc("POST /notice", verb(s.notice))
	mux.HandleFunc("POST /silence", verb(s.silence))
	mux.HandleFunc("POST /follow", verb(s.follow))
	mux.HandleFunc("POST /unfollow", verb(s.unfollow))
	mux.HandleFunc("POST /mirror", s.mirror)
	mux.HandleFunc("POST /brands", verb(s.brands))
	mux.HandleFunc("POST /peers", verb(s.peers))
	mux.HandleFunc("POST /key-request", verb(s.keyRequest))
	mux.HandleFunc("POST /key-apply", verb(s.keyApply))
	mux.HandleFunc("POST /inbox", verb(s.inbox))
	mux.HandleFunc("POST /read", verb(s.read))
	mux.HandleFunc("POST /say", verb(s.say))
	mux.HandleFunc("POST /erase", verb(s.erase))
	mux.HandleFunc("POST /orders", verb(s.orders))
	mux.HandleFunc("POST /order", verb(s.order))
	mux.HandleFunc("POST /stock", verb(s.stock))
	mux.HandleFunc("POST /stocks", verb(s.stocks))
	return mux
}

type server struct {
	n        *node.Node
	patience time.Duration
}

// verb makes a handler of a function from request to result.
func verb[In, Out any](fn func(context.Context, In) (Out, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		if err := read(w, r, &in); err != nil {
			answer(w, nil, err)
			return
		}
		out, err := fn(r.Context(), in)
		answer(w, out, err)
	}
}

func read(w http.ResponseWriter, r *http.Request, in any) error {
	return json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(in)
}

func answer(w io.Writer, out any, err error) {
	var line reply
	if err != nil {
		line = reply{Error: err.Error(), Refused: errors.Is(err, protocol.ErrInvalid)}
	}
	if out != nil {
		raw, encodeErr := json.Marshal(out)
		if encodeErr != nil {
			line = reply{Error: encodeErr.Error()}
		}
		line.Result = raw
	}
	b, err := json.Marshal(line)
	if err == nil {
		_, _ = w.Write(append(b, '\n')) // a client that went away needs no answer
	}
}

// Tip is a head in short.
type Tip struct {
	Epoch uint64 `json:"epoch"`
	Seq   uint64 `json:"seq"`
	Root  string `json:"root"`
}

func tip(h catalog.SignedHead) Tip { return Tip{h.Epoch, h.Seq, h.Root.String()} }

// ImportQuery are the options of an import, in the request's URL.
type ImportQuery struct {
	DryRun, SkipBadRows bool
	Images              string
}

// ImportResult is the report of an import with the head it led to.
type ImportResult struct {
	node.ImportReport
	Head *Tip `json:"head"`
}

func (s server) importFile(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	o := node.ImportOptions{DryRun: q.Has("dry-run"), SkipBadRows: q.Has("skip-bad-rows"), Images: q.Get("images")}
	both := s.prompt(w, r)
	_ = both.conn.EnableFullDuplex() // over a socket; in this process both ways are open anyway
	o.Progress = throttle(func(p node.Progress) {
		b, _ := json.Marshal(reply{Progress: &p}) // a struct of numbers and a word
		_, _ = both.Write(append(b, '\n'))        // progress is lost on a client that went away; its request ends
	})
	report, err := s.n.Import(r.Context(), both, o)
	_, _ = io.Copy(io.Discard, both) // a client that is still sending would miss the answer
	result := ImportResult{ImportReport: report}
	if report.Head != nil {
		t := tip(*report.Head)
		result.Head = &t
	}
	answer(both, result, err)
}

func (s server) archive(w http.ResponseWriter, r *http.Request) {
	if err := s.n.Store().WriteArchive(r.Context(), s.n.Brand(), s.prompt(w, r)); err != nil {
		panic(http.ErrAbortHandler) // the client must not take what it has for an archive
	}
}
