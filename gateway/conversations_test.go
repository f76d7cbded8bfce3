package gateway_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/gateway"
	"github.com/stoa-commerce/stoa/gateway/api"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// quiet is a Threads that takes posts and tells nothing.
type quiet struct {
	api.Threads
	bytes chan int
}

func (q quiet) Post(_ context.Context, _ string, id protocol.CID, _ [32]byte, p wire.ThreadPost, _ time.Duration) (wire.ThreadAnswer, error) {
	n := 0
	for _, e := range p.Envelopes {
		n += len(e)
	}
	q.bytes <- n
	return wire.ThreadAnswer{Thread: id, Results: []wire.EnvelopeResult{}, ThreadPage: wire.ThreadPage{Envelopes: []wire.NumberedEnvelope{}}}, nil
}

func (q quiet) Watch(context.Context, []protocol.Signed) (<-chan wire.ThreadEvent, error) {
	return make(chan wire.ThreadEvent), nil
}

func serveTalking(t *testing.T, b *brand, threads api.Threads) *httptest.Server {
	t.Helper()
	g, err := gateway.New(gateway.Options{
		Store: b.store, Blobs: b.blobs, Brand: b.id, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Now: func() time.Time { return b.clock }, Threads: threads,
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(g)
	server.Config = gateway.NewServer(g)
	server.Start()
	t.Cleanup(server.Close)
	return server
}

func TestTheGatewayTakesAsMuchAsAPostMayHold(t *testing.T) {
	threads := quiet{bytes: make(chan int, 1)}
	s := serveTalking(t, newBrand(t), threads)
	var p wire.ThreadPost
	for range 15 {
		p.Envelopes = append(p.Envelopes, bytes.Repeat([]byte{1}, 65_000))
	}
	body, err := wire.EncodeThread(&p)
	if err != nil {
		t.Fatal(err)
	}
	path := "/api/threads/" + protocol.Sum(protocol.DagCBOR, nil).String() + "/entries"
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", wire.ThreadMediaType)
	req.Header.Set("Stoa-Write", base64.RawURLEncoding.EncodeToString(make([]byte, 32)))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK || <-threads.bytes != 15*65_000 {
		t.Errorf("status %d", res.StatusCode)
	}
	if res.Header.Get("Content-Security-Policy") == "" || res.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Error("the answer lacks the headers that every answer has")
	}
}

func TestAGatewayWithoutConversationsHasNoAddressesForThem(t *testing.T) {
	b := newBrand(t)
	b.publish(simple("sencha", "Sencha", 950)...)
	if res, _ := get(t, b.serve(), "/api/threads"); res.StatusCode != http.StatusNotFound {
		t.Errorf("status %d", res.StatusCode)
	}
}

func TestAServerThatShutsDownEndsItsStreams(t *testing.T) {
	s := serveTalking(t, newBrand(t), quiet{})
	signed := protocol.Sign(protocol.ObjectRequest, []byte{0xa0}, newBrand(t).key)
	request, err := signed.Encode()
	if err != nil {
		t.Fatal(err)
	}
	body, err := wire.EncodeThread(&wire.EventsRequest{Requests: [][]byte{request}})
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Post(s.URL+"/api/events", wire.ThreadMediaType, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(res.Body)
	res.Body.Close()
	var a wire.EventsAnswer
	if err = errors.Join(err, wire.DecodeThread(data, &a)); err != nil {
		t.Fatalf("status %d: %v", res.StatusCode, err)
	}
	stream, err := http.Get(s.URL + "/api/events?ticket=" + a.Ticket)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	ended := make(chan struct{})
	go func() { defer close(ended); _, _ = io.Copy(io.Discard, stream.Body) }()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := s.Config.Shutdown(ctx); err != nil {
		t.Errorf("the server doesn't shut down: %v", err)
	}
	<-ended
}

func TestAVariantLeadsToTheProofOfItsProduct(t *testing.T) {
	b := newBrand(t)
	b.publish(simple("sencha", "Sencha", 950)...)
	s := b.serve()
	res, _ := get(t, s, "/variant/"+b.id.String()+"/sencha-1")
	to := res.Header.Get("Location")
	if res.StatusCode != http.StatusFound || !strings.HasSuffix(to, "/proof/"+b.id.String()+"/product/sencha") {
		t.Fatalf("status %d, to %q", res.StatusCode, to)
	}
	_, bundle := get(t, s, to)
	proven, err := catalog.VerifyBundle([]byte(bundle), b.id, protocol.MillisOf(b.clock))
	if err != nil || len(proven.Records) != 2 {
		t.Errorf("%d records, %v", len(proven.Records), err)
	}
	for _, path := range []string{"/variant/" + b.id.String() + "/other", "/variant/" + b.id.String() + "/", "/variant/x/sencha-1", "/variant/" + protocol.Sum(protocol.DagCBOR, nil).String() + "/sencha-1", "/variant"} {
		if res, _ := get(t, s, path); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: status %d", path, res.StatusCode)
		}
	}
}
