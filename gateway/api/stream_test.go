package api_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/gateway/api"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// ticket subscribes and returns the way to the stream.
func (s *stand) ticket() string {
	s.t.Helper()
	status, _, body := s.do("POST", "/api/events", must(wire.EncodeThread(&wire.EventsRequest{Requests: [][]byte{request(s.t)}})), cborBody)
	var a wire.EventsAnswer
	if err := wire.DecodeThread(body, &a); status != 200 || err != nil {
		s.t.Fatalf("status %d, %v", status, err)
	}
	return "/api/events?ticket=" + a.Ticket
}

// events is a stream that is read.
type events struct {
	*bufio.Scanner
	t     *testing.T
	close func()
}

// open connects to a stream.
func (s *stand) open(path string, headers ...pair) *events {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	res, err := http.DefaultClient.Do(s.request("GET", path, nil, headers...).WithContext(ctx))
	if err != nil {
		s.t.Fatal(err)
	}
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		s.t.Fatalf("status %d, type %q", res.StatusCode, res.Header.Get("Content-Type"))
	}
	e := &events{Scanner: bufio.NewScanner(res.Body), t: s.t, close: func() { cancel(); res.Body.Close() }}
	s.t.Cleanup(e.close)
	return e
}

// next returns the next event that is no beat, as its lines joined by a space.
func (e *events) next() string {
	e.t.Helper()
	var lines []string
	for e.Scan() {
		if line := e.Text(); line != "" {
			lines = append(lines, line)
			continue
		}
		if text := strings.Join(lines, " "); !strings.Contains(text, "event: beat") {
			return text
		}
		lines = nil
	}
	return ""
}

func TestAStreamTellsWhatHappens(t *testing.T) {
	s := newStand(t, api.Options{})
	e := s.open(s.ticket())
	sent := protocol.Sum(protocol.Raw, []byte("sealed"))
	s.threads.tell(wire.ThreadEvent{Thread: someThread, N: 3, Envelope: []byte{0xfb, 0xff}})
	s.threads.tell(wire.ThreadEvent{Thread: someThread, Sent: sent, State: wire.StateCommitted})
	want := []string{
		fmt.Sprintf(`id: 1 event: envelope data: {"thread":"%s","n":3,"envelope":"-_8"}`, someThread),
		fmt.Sprintf(`id: 2 event: state data: {"thread":"%s","envelope":"%s","state":"committed"}`, someThread, sent),
	}
	for _, w := range want {
		if got := e.next(); got != w {
			t.Errorf("%s\ninstead of\n%s", got, w)
		}
	}
}

func TestAQuietStreamBeats(t *testing.T) {
	s := newStand(t, api.Options{Beat: time.Millisecond})
	e := s.open(s.ticket())
	for beats := 0; beats < 5; {
		if !e.Scan() {
			t.Fatal("the stream ended")
		}
		if e.Text() == "event: beat" {
			beats++
		}
	}
}

func TestAStreamGoesOnWhereItsConnectionBroke(t *testing.T) {
	s := newStand(t, api.Options{})
	path := s.ticket()
	e := s.open(path)
	s.threads.tell(wire.ThreadEvent{Thread: someThread, N: 1, Envelope: []byte{1}})
	e.next()
	e.close()
	until(t, func() bool { return s.threads.tell(wire.ThreadEvent{Thread: someThread, N: 2, Envelope: []byte{2}}) })
	e = s.open(path, pair{"Last-Event-ID", "1"})
	if got := e.next(); !strings.HasPrefix(got, "id: 2 event: envelope") && !strings.HasPrefix(got, "event: gap") {
		t.Errorf("the next event is %q", got)
	}
	e.close()
	e = s.open(path, pair{"Last-Event-ID", "0"})
	if got := e.next(); got != "event: gap data: {}" {
		t.Errorf("who missed something is told %q", got)
	}
}

// A connection that broke without a word is still open here when the browser comes
// again.
func TestASecondConnectionTakesTheStreamOver(t *testing.T) {
	s := newStand(t, api.Options{})
	path := s.ticket()
	first := s.open(path)
	second := s.open(path)
	for first.Scan() { // ends
	}
	s.threads.tell(wire.ThreadEvent{Thread: someThread, N: 1, Envelope: []byte{1}})
	if got := second.next(); !strings.HasPrefix(got, "id: 1") {
		t.Errorf("the second reads %q", got)
	}
}

func TestATicketThatNobodyGaveOpensNothing(t *testing.T) {
	s := newStand(t, api.Options{})
	for _, q := range []string{"", "?ticket=", "?ticket=AAAA"} {
		status, _, body := s.do("GET", "/api/events"+q, nil)
		if status != http.StatusNotFound || word(t, body) != "unknown_ticket" {
			t.Errorf("%q: status %d", q, status)
		}
	}
}

func TestASubscriptionThatFellBehindEnds(t *testing.T) {
	s := newStand(t, api.Options{})
	path := s.ticket()
	s.threads.mu.Lock()
	close(s.threads.events[0]) // as a Threads does
	s.threads.mu.Unlock()
	e := s.open(path)
	for e.Scan() { // ends
	}
	if status, _, _ := s.do("GET", path, nil); status != http.StatusNotFound {
		t.Errorf("its ticket still gives status %d", status)
	}
	until(t, func() bool { return s.threads.count("left") == 1 })
}

func TestAReaderThatNeverReadsIsDropped(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for a deadline")
	}
	t.Parallel()
	s := newStand(t, api.Options{})
	path := s.ticket()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.(*net.TCPConn).SetReadBuffer(4096)
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path)
	big := bytes.Repeat([]byte{1}, 60<<10)
	until(t, func() bool { // its buffers take some megabytes
		for s.threads.tell(wire.ThreadEvent{Thread: someThread, N: 1, Envelope: big}) {
		}
		s.threads.mu.Lock()
		full := len(s.threads.events[0]) == cap(s.threads.events[0])
		s.threads.mu.Unlock()
		return full
	})
	// Once the writer has given up, the subscription is free for who does read.
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	res, err := http.DefaultClient.Do(s.request("GET", path, nil, pair{"Last-Event-ID", "0"}).WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if line, _ := bufio.NewReader(res.Body).ReadString('\n'); res.StatusCode != http.StatusOK || line == "" {
		t.Errorf("who reads gets status %d and %q", res.StatusCode, line)
	}
}

func TestClosingEndsStreams(t *testing.T) {
	s := newStand(t, api.Options{})
	e := s.open(s.ticket())
	s.api.Close()
	for e.Scan() { // ends
	}
	until(t, func() bool { return s.threads.count("left") == 1 })
}

func TestThereAreAsManyStreamsAsTheBoundSays(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	s := newStand(t, api.Options{})
	body := must(wire.EncodeThread(&wire.EventsRequest{Requests: [][]byte{request(t)}}))
	fine := 0
	for range 3000 {
		status, _, _ := s.do("POST", "/api/events", body, cborBody)
		if status == http.StatusTooManyRequests {
			break
		}
		fine++
	}
	if fine < 2048 || fine > 2048+32 {
		t.Errorf("one address opened %d subscriptions", fine)
	}
	s.api.Close()
	until(t, func() bool { return s.threads.count("left") == fine })
}
