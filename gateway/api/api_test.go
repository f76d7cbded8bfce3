package api_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/gateway/api"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

func TestEveryAddressAnswersItsMethodAndNoOther(t *testing.T) {
	s := newStand(t, api.Options{})
	find := must(wire.EncodeThread(&wire.FindRequest{Brand: someThread, Identities: [][32]byte{{1}}}))
	join := must(wire.EncodeThread(&wire.JoinRequest{Join: []byte{1}, Certs: [][]byte{{1}}}))
	pending := must(wire.EncodeThread(&wire.JoinRequest{Join: []byte{1}, Certs: [][]byte{}}))
	begin := must(wire.EncodeThread(&wire.ThreadBegin{Genesis: []byte{1}, Envelopes: [][]byte{{1}, {2}}}))
	watch := must(wire.EncodeThread(&wire.EventsRequest{Requests: [][]byte{request(t)}}))
	cases := []struct {
		name, method, path string
		body               []byte
		headers            []pair
		status             int
	}{
		{"begin", "POST", "/api/threads", begin, []pair{cborBody, capability}, 200},
		{"post", "POST", path("entries"), postOf([]byte{1}), []pair{cborBody, capability}, 200},
		{"read", "GET", path("entries?after=4"), nil, []pair{device(t)}, 200},
		{"join", "POST", path("join"), join, []pair{cborBody}, 200},
		{"join at a relay", "POST", path("join"), pending, []pair{cborBody}, 202},
		{"find", "POST", "/api/threads/find", find, []pair{cborBody}, 200},
		{"genesis", "GET", path("genesis"), nil, nil, 200},
		{"put blob", "POST", path("blobs"), []byte("sealed"), []pair{{"Content-Type", "application/octet-stream"}, capability}, 200},
		{"blob", "GET", path("blobs/" + protocol.Sum(protocol.Raw, nil).String()), nil, []pair{device(t)}, 200},
		{"events", "POST", "/api/events", watch, []pair{cborBody}, 200},
		{"another method", "DELETE", path("entries"), nil, nil, 405},
		{"preflight", "OPTIONS", path("entries"), nil, nil, 405},
		{"reading where one posts", "GET", "/api/threads", nil, nil, 405},
		{"posting where one reads", "POST", path("genesis"), nil, nil, 405},
		{"nowhere", "GET", "/api/", nil, nil, 404},
		{"nothing of a thread", "GET", path("members"), nil, nil, 404},
		{"no thread", "GET", "/api/threads/x/entries", nil, nil, 404},
		{"too deep", "GET", path("entries/1"), nil, nil, 404},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			status, h, body := s.do(c.method, c.path, c.body, c.headers...)
			if status != c.status {
				t.Fatalf("status %d: %q", status, body)
			}
			if h.Get("Cache-Control") != "no-store" {
				t.Error("it may be cached")
			}
			if h.Get("Access-Control-Allow-Origin") != "" {
				t.Error("other origins may read it")
			}
			if status >= 400 {
				word(t, body)
			}
		})
	}
}

func TestHeadersAndBodiesThatAreWrongAreRefusedBeforeAnybodyIsAsked(t *testing.T) {
	s := newStand(t, api.Options{})
	good := postOf([]byte{1})
	big := bytes.Repeat([]byte{1}, wire.MaxThreadBody+1)
	cases := []struct {
		name, path string
		body       []byte
		headers    []pair
		status     int
		word       string
	}{
		{"no capability", path("entries"), good, []pair{cborBody}, 400, "form"},
		{"a short capability", path("entries"), good, []pair{cborBody, {"Stoa-Write", "AAAA"}}, 400, "form"},
		{"a capability with padding", path("entries"), good, []pair{cborBody, {"Stoa-Write", capability[1] + "="}}, 400, "form"},
		{"JSON", path("entries"), []byte("{}"), []pair{{"Content-Type", "application/json"}, capability}, 415, "media_type"},
		{"a form", path("entries"), []byte("a=b"), []pair{{"Content-Type", "application/x-www-form-urlencoded"}, capability}, 415, "media_type"},
		{"plain text", path("entries"), good, []pair{{"Content-Type", "text/plain"}, capability}, 415, "media_type"},
		{"no media type", path("entries"), good, []pair{capability}, 415, "media_type"},
		{"CBOR as a blob", path("blobs"), good, []pair{cborBody, capability}, 415, "media_type"},
		{"not CBOR", path("entries"), []byte("hello"), []pair{cborBody, capability}, 400, "form"},
		{"nothing", path("entries"), nil, []pair{cborBody, capability}, 400, "form"},
		{"a byte more", path("entries"), append(bytes.Clone(good), 0), []pair{cborBody, capability}, 400, "form"},
		{"17 envelopes", path("entries"), must(protocol.Marshal(map[string]any{"after": 0, "envelopes": make([][]byte, 17)})), []pair{cborBody, capability}, 400, "form"},
		{"more than a mebibyte", path("entries"), big, []pair{cborBody, capability}, 413, "too_large"},
		{"a blob that is too large", path("blobs"), big[:thread.MaxBlob+1], []pair{{"Content-Type", "application/octet-stream"}, capability}, 413, "too_large"},
		{"an empty blob", path("blobs"), []byte{}, []pair{{"Content-Type", "application/octet-stream"}, capability}, 400, "form"},
		{"a wait that is too long", path("entries?wait=31"), good, []pair{cborBody, capability}, 400, "form"},
		{"a wait that is none", path("entries?wait=-1"), good, []pair{cborBody, capability}, 400, "form"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			status, _, body := s.do("POST", c.path, c.body, c.headers...)
			if status != c.status || word(t, body) != c.word {
				t.Errorf("status %d, %q", status, body)
			}
		})
	}
	for name, h := range map[string]pair{"no device": {"X", "x"}, "noise": {"Stoa-Device", "AAAA"}, "a long one": {"Stoa-Device", strings.Repeat("A", 8000)}} {
		if status, _, body := s.do("GET", path("entries"), nil, h); status != 400 {
			t.Errorf("%s: status %d, %q", name, status, body)
		}
	}
	if n := s.threads.asked(); n != 0 {
		t.Errorf("%d of them got through", n)
	}
}

func TestErrorsAreToldInTheirWordsAndTroubleIsNot(t *testing.T) {
	s := newStand(t, api.Options{Now: func() time.Time { return time.UnixMilli(1234) }})
	cases := []struct {
		err    error
		status int
		word   string
	}{
		{fmt.Errorf("post: %w", wire.ErrUnknownThread), 404, "unknown_thread"}, {wire.ErrUnknownBrand, 404, "unknown_brand"},
		{wire.ErrExists{Thread: someThread}, 409, "exists"}, {wire.ErrClock{Time: 1234}, 401, "clock"}, {wire.ErrBusy, 429, "busy"},
		{wire.ErrQuota, 429, "quota"}, {wire.ErrNotAllowed, 403, "not_allowed"}, {wire.ErrUnknownEpoch, 409, "unknown_epoch"},
		{wire.ErrTooLarge, 413, "too_large"}, {protocol.Invalid("genesis", "bad"), 400, "form"},
		{errors.New("disk /home/secret is full"), 503, "unavailable"},
	}
	for _, c := range cases {
		s.threads.err = c.err
		status, h, body := s.do("POST", path("entries"), postOf(), cborBody, capability)
		var e wire.ErrorBody
		if err := wire.DecodeThread(body, &e); err != nil || status != c.status || e.Error != c.word || e.Time != 1234 {
			t.Errorf("%v: status %d, %+v, %v", c.err, status, e, err)
		}
		if strings.Contains(string(body), "secret") {
			t.Errorf("%q tells what is nobody's business", body)
		}
		if (status == 429 || status == 503) != (h.Get("Retry-After") != "") {
			t.Errorf("%v: Retry-After %q", c.err, h.Get("Retry-After"))
		}
		if c.word == "exists" && e.Thread != someThread {
			t.Error("it doesn't say which thread exists")
		}
	}
}

func TestPagesOfOtherOriginsMayNotAsk(t *testing.T) {
	s := newStand(t, api.Options{})
	own := strings.TrimPrefix(s.URL, "http://")
	cases := []struct {
		name    string
		headers []pair
		allowed bool
	}{
		{"a program", nil, true},
		{"the own page", []pair{{"Origin", s.URL}, {"Sec-Fetch-Site", "same-origin"}}, true},
		{"the own page behind TLS", []pair{{"Origin", "https://" + own}}, true},
		{"another page", []pair{{"Origin", "https://evil.example"}}, false},
		{"another port", []pair{{"Origin", "http://127.0.0.1:1"}}, false},
		{"a sandboxed page", []pair{{"Origin", "null"}}, false},
		{"a page of the same site", []pair{{"Sec-Fetch-Site", "same-site"}}, false},
		{"a page that hides its origin", []pair{{"Sec-Fetch-Site", "cross-site"}}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			status, _, body := s.do("POST", path("entries"), postOf(), append([]pair{cborBody, capability}, c.headers...)...)
			if c.allowed != (status == 200) {
				t.Fatalf("status %d", status)
			}
			if !c.allowed && word(t, body) != "foreign_origin" {
				t.Errorf("%q", body)
			}
		})
	}
}

func TestADepositorIsAnAddressOrAPrefix(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}
	cases := []struct {
		forwarded, want string
		proxies         []netip.Prefix
	}{
		{"", "127.0.0.1", nil},
		{"203.0.113.9", "127.0.0.1", nil}, // believed from nobody
		{"203.0.113.9", "203.0.113.9", proxies},
		{"198.51.100.1, 203.0.113.9", "203.0.113.9", proxies},
		{"198.51.100.1, 203.0.113.9, 10.1.2.3", "203.0.113.9", proxies},
		{"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", proxies},
		{"::ffff:203.0.113.9", "203.0.113.9", proxies},
		{"nonsense", "127.0.0.1", proxies},
		{"", "127.0.0.1", proxies},
	}
	for _, c := range cases {
		s := newStand(t, api.Options{Proxies: c.proxies})
		headers := []pair{cborBody, capability}
		if c.forwarded != "" {
			headers = append(headers, pair{"X-Forwarded-For", c.forwarded})
		}
		s.do("POST", path("entries"), postOf(), headers...)
		if got := s.threads.who; len(got) != 1 || got[0] != c.want {
			t.Errorf("%q: the depositor is %q instead of %q", c.forwarded, got, c.want)
		}
	}
}

func TestAPostSaysHowLongItWaits(t *testing.T) {
	s := newStand(t, api.Options{})
	for _, query := range []string{"", "?wait=0", "?wait=30"} {
		s.do("POST", path("entries")+query, postOf(), cborBody, capability)
	}
	want := []time.Duration{10 * time.Second, 0, 30 * time.Second}
	if fmt.Sprint(s.threads.waits) != fmt.Sprint(want) {
		t.Errorf("the waits are %v", s.threads.waits)
	}
}

// raw opens a connection and writes the beginning of a post.
func raw(t *testing.T, s *stand, length string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nStoa-Write: %s\r\n%s\r\n\r\n", path("entries"), wire.ThreadMediaType, capability[1], length)
	return c
}

func TestABodyThatNeverEndsEnds(t *testing.T) {
	s := newStand(t, api.Options{})
	c := raw(t, s, "Transfer-Encoding: chunked")
	answered := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(c).ReadString('\n')
		answered <- line
	}()
	block := fmt.Sprintf("%x\r\n%s\r\n", 64<<10, strings.Repeat("x", 64<<10))
	for range 64 { // four times what is allowed
		if _, err := io.WriteString(c, block); err != nil {
			break
		}
	}
	if line := <-answered; !strings.Contains(line, "413") {
		t.Errorf("it is answered with %q", line)
	}
}

func TestABodyThatStopsIsGivenUp(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for a deadline")
	}
	t.Parallel()
	s := newStand(t, api.Options{})
	c := raw(t, s, "Content-Length: 1000")
	_, _ = io.WriteString(c, "abc")
	_ = c.SetReadDeadline(time.Now().Add(30 * time.Second))
	line, err := bufio.NewReader(c).ReadString('\n')
	if !strings.Contains(line, "408") {
		t.Errorf("it is answered with %q, %v", line, err)
	}
}

func TestABodyThatBreaksOffIsInvalid(t *testing.T) {
	s := newStand(t, api.Options{})
	c := raw(t, s, "Content-Length: 1000")
	_, _ = io.WriteString(c, "abc")
	_ = c.(*net.TCPConn).CloseWrite()
	line, _ := bufio.NewReader(c).ReadString('\n')
	if !strings.Contains(line, "400") {
		t.Errorf("it is answered with %q", line)
	}
	if s.threads.asked() != 0 {
		t.Error("half a body got through")
	}
}

func TestTenThousandRequestsAreAllAnswered(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	s := newStand(t, api.Options{})
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64}}
	defer client.CloseIdleConnections()
	body := postOf(bytes.Repeat([]byte{1}, 2000))
	var group sync.WaitGroup
	var fine atomic.Int64
	for range 64 {
		group.Go(func() {
			for range 10_000/64 + 1 {
				res, err := client.Do(s.request("POST", path("entries"), bytes.NewReader(body), cborBody, capability))
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
				if res.StatusCode == 200 {
					fine.Add(1)
				}
			}
		})
	}
	group.Wait()
	if fine.Load() < 10_000 {
		t.Errorf("%d were answered", fine.Load())
	}
}

func TestClosingEndsWhatWaits(t *testing.T) {
	s := newStand(t, api.Options{})
	s.threads.block = make(chan struct{})
	done := make(chan int, 1)
	go func() {
		res, err := http.DefaultClient.Do(s.request("POST", path("entries?wait=30"), bytes.NewReader(postOf()), cborBody, capability))
		if err != nil {
			done <- 0
			return
		}
		res.Body.Close()
		done <- res.StatusCode
	}()
	until(t, func() bool { return s.threads.asked() == 1 })
	s.api.Close()
	if status := <-done; status != http.StatusServiceUnavailable {
		t.Errorf("status %d", status)
	}
}

// until waits for what should come at once.
func until(t *testing.T, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it never happens")
		}
	}
}

func TestAReaderThatLeavesEndsItsPost(t *testing.T) {
	s := newStand(t, api.Options{})
	s.threads.block = make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	r := s.request("POST", path("entries?wait=30"), bytes.NewReader(postOf()), cborBody, capability).WithContext(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if res, err := http.DefaultClient.Do(r); err == nil {
			res.Body.Close()
		}
	}()
	until(t, func() bool { return s.threads.asked() == 1 })
	cancel()
	<-done
	close(s.threads.block)
	if status, _, _ := s.do("POST", path("entries"), postOf(), cborBody, capability); status != 200 {
		t.Errorf("the next one gets status %d", status)
	}
}
