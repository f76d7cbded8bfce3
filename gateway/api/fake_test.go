package api_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/gateway/api"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// threads is a Threads that notes what it is asked and answers what it is told to.
type threads struct {
	mu     sync.Mutex
	who    []string // depositors
	writes [][32]byte
	waits  []time.Duration
	posted []wire.ThreadPost
	blobs  [][]byte
	err    error         // what every call gives
	block  chan struct{} // a post waits for it, or for its context
	queue  int           // of a watcher; 0 is 64
	events []chan wire.ThreadEvent
}

var someThread = protocol.Sum(protocol.DagCBOR, []byte("thread"))

func (f *threads) note(who string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.who = append(f.who, who)
	return f.err
}

func (f *threads) asked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.who)
}

func (f *threads) answer(n int) wire.ThreadAnswer {
	results := make([]wire.EnvelopeResult, n)
	for i := range results {
		results[i].State = wire.StateReceived
	}
	return wire.ThreadAnswer{Thread: someThread, Results: results, ThreadPage: wire.ThreadPage{Envelopes: []wire.NumberedEnvelope{}}}
}

func (f *threads) Begin(_ context.Context, who string, write [32]byte, b wire.ThreadBegin) (wire.ThreadAnswer, error) {
	f.writes = append(f.writes, write)
	return f.answer(len(b.Envelopes)), f.note(who)
}

func (f *threads) Post(ctx context.Context, who string, _ protocol.CID, write [32]byte, p wire.ThreadPost, wait time.Duration) (wire.ThreadAnswer, error) {
	f.mu.Lock()
	f.writes, f.waits, f.posted = append(f.writes, write), append(f.waits, wait), append(f.posted, p)
	f.mu.Unlock()
	if err := f.note(who); err != nil {
		return wire.ThreadAnswer{}, err
	}
	if f.block != nil {
		select {
		case <-f.block:
		case <-ctx.Done():
			return wire.ThreadAnswer{}, ctx.Err()
		}
	}
	return f.answer(len(p.Envelopes)), nil
}

func (f *threads) Read(_ context.Context, id protocol.CID, req protocol.Signed, after uint64) (wire.ThreadPage, error) {
	if _, err := thread.OpenRequest(req); err != nil {
		return wire.ThreadPage{}, err
	}
	return wire.ThreadPage{Envelopes: []wire.NumberedEnvelope{{N: after + 1, Bytes: []byte("sealed")}}, Next: after + 1}, f.note(id.String())
}

func (f *threads) Join(_ context.Context, who string, _ protocol.CID, j wire.JoinRequest) (wire.JoinAnswer, error) {
	if len(j.Certs) == 0 {
		return wire.JoinAnswer{}, f.note(who)
	}
	return wire.JoinAnswer{Welcome: []byte("welcome")}, f.note(who)
}

func (f *threads) Find(_ context.Context, _ protocol.CID, identities [][32]byte) ([]protocol.CID, error) {
	return make([]protocol.CID, len(identities)), f.note("")
}

func (f *threads) Genesis(context.Context, protocol.CID) ([]byte, error) {
	return []byte("genesis"), f.note("")
}

func (f *threads) PutBlob(_ context.Context, who string, _ protocol.CID, _ [32]byte, blob []byte) (protocol.CID, error) {
	f.mu.Lock()
	f.blobs = append(f.blobs, bytes.Clone(blob))
	f.mu.Unlock()
	return protocol.Sum(protocol.Raw, blob), f.note(who)
}

func (f *threads) Blob(_ context.Context, _ protocol.CID, _ protocol.Signed, id protocol.CID) ([]byte, error) {
	return id.Bytes(), f.note("")
}

func (f *threads) Watch(ctx context.Context, _ []protocol.Signed) (<-chan wire.ThreadEvent, error) {
	if err := f.note("watch"); err != nil {
		return nil, err
	}
	n := f.queue
	if n == 0 {
		n = 64
	}
	ch := make(chan wire.ThreadEvent, n)
	f.mu.Lock()
	f.events = append(f.events, ch)
	f.mu.Unlock()
	context.AfterFunc(ctx, func() { f.note("left") })
	return ch, nil
}

// tell puts an event into the last watcher's queue; false when it is full.
func (f *threads) tell(e wire.ThreadEvent) bool {
	f.mu.Lock()
	ch := f.events[len(f.events)-1]
	f.mu.Unlock()
	select {
	case ch <- e:
		return true
	default:
		return false
	}
}

// count is how often a note was taken.
func (f *threads) count(note string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, w := range f.who {
		if w == note {
			n++
		}
	}
	return n
}

// stand is an API that is served.
type stand struct {
	*httptest.Server
	t       *testing.T
	threads *threads
	api     *api.API
}

func newStand(t *testing.T, o api.Options) *stand {
	t.Helper()
	s := &stand{t: t, threads: &threads{}}
	o.Threads, o.Log = s.threads, slog.New(slog.NewTextHandler(t.Output(), nil))
	s.api = api.New(o)
	s.Server = httptest.NewUnstartedServer(s.api)
	s.Config.ReadTimeout = 30 * time.Second
	s.Start()
	t.Cleanup(func() { s.api.Close(); s.Close() })
	return s
}

// pair is a header of a request.
type pair [2]string

var (
	cborBody   = pair{"Content-Type", wire.ThreadMediaType}
	capability = pair{"Stoa-Write", base64.RawURLEncoding.EncodeToString(make([]byte, 32))}
)

func (s *stand) request(method, path string, body io.Reader, headers ...pair) *http.Request {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, h := range headers {
		r.Header.Set(h[0], h[1])
	}
	return r
}

// do sends a request and returns status, headers and body.
func (s *stand) do(method, path string, body []byte, headers ...pair) (int, http.Header, []byte) {
	s.t.Helper()
	var in io.Reader
	if body != nil {
		in = bytes.NewReader(body)
	}
	res, err := http.DefaultClient.Do(s.request(method, path, in, headers...))
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, res.Header, out
}

// word is the machine word of an error's body.
func word(t *testing.T, body []byte) string {
	t.Helper()
	var e wire.ErrorBody
	if err := wire.DecodeThread(body, &e); err != nil {
		t.Fatalf("%q is no error: %v", body, err)
	}
	if e.Time == 0 || e.Message == "" {
		t.Errorf("the error %q has time %d and message %q", e.Error, e.Time, e.Message)
	}
	return e.Error
}

// must is a body in its bytes.
func must(data []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return data
}

func postOf(envelopes ...[]byte) []byte {
	return must(wire.EncodeThread(&wire.ThreadPost{Envelopes: envelopes}))
}

var deviceKey = thread.SigningKey([32]byte{7})

// device is a signed request for a thread, as a header.
func device(t *testing.T) pair {
	t.Helper()
	return pair{"Stoa-Device", base64.RawURLEncoding.EncodeToString(request(t))}
}

func request(t *testing.T) []byte {
	t.Helper()
	s, err := thread.Request{Thread: someThread, Time: protocol.MillisOf(time.Now())}.Sign(deviceKey)
	if err != nil {
		t.Fatal(err)
	}
	return must(s.Encode())
}

func path(what string) string { return "/api/threads/" + someThread.String() + "/" + what }
