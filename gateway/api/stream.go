package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// Bounds of event streams.
const (
	// maxStreams is how many subscriptions there may be, connected or not.
	maxStreams = 4096
	// streamCeiling is from how many on an address gets no more than streamShare.
	streamCeiling = maxStreams / 2
	streamShare   = 32
	// beatTime is how often a quiet stream says that it lives.
	beatTime = 15 * time.Second
	// eventTime is how long a reader may take for one event.
	eventTime = 10 * time.Second
)

// stream writes the events of a ticket to one connection.
type stream struct {
	w http.ResponseWriter
	c *http.ResponseController
	k *ticket
}

// stream answers GET /api/events?ticket=….
func (a *API) stream(w http.ResponseWriter, r *http.Request) error {
	k := a.tickets.find(r.URL.Query().Get("ticket"))
	if k == nil {
		return errNoTicket
	}
	ctx, done := k.use(r.Context())
	defer done()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	s := stream{w: w, c: http.NewResponseController(w), k: k}
	_ = s.c.SetReadDeadline(time.Time{}) // the connection stays open as long as it is read
	s.run(ctx, r.Header.Get("Last-Event-ID"), a.beat)
	return nil
}

// run writes until the reader leaves, doesn't read any more, or events ends.
func (s stream) run(ctx context.Context, last string, beat time.Duration) {
	beats := time.NewTicker(beat)
	defer beats.Stop()
	for err := s.greet(last); err == nil; {
		select {
		case <-ctx.Done():
			return
		case <-beats.C:
			err = s.write("event: beat\ndata: {}\n\n")
		case e, open := <-s.k.events:
			if !open {
				s.k.close() // the reader was too slow, or the gateway ends
				return
			}
			err = s.event(e)
		}
	}
}

// greet begins a stream. A browser that comes back without having read what was
// written last is told that it may have missed something.
func (s stream) greet(last string) error {
	words := "retry: 2000\nevent: beat\ndata: {}\n\n"
	if s.k.sent > 0 && last != strconv.FormatUint(s.k.sent, 10) {
		words += "event: gap\ndata: {}\n\n"
	}
	return s.write(words)
}

func (s stream) event(e wire.ThreadEvent) error {
	name, data := "envelope", any(envelopeEvent{e.Thread, e.N, base64.RawURLEncoding.EncodeToString(e.Envelope)})
	if e.Envelope == nil {
		name, data = "state", stateEvent{e.Thread, e.Sent, e.State}
	}
	line, err := json.Marshal(data)
	if err != nil {
		return err
	}
	s.k.sent++
	return s.write(fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", s.k.sent, name, line))
}

// envelopeEvent and stateEvent are the JSON of the two events.
type envelopeEvent struct {
	Thread   protocol.CID `json:"thread"`
	N        uint64       `json:"n"`
	Envelope string       `json:"envelope"` // base64url
}

type stateEvent struct {
	Thread   protocol.CID `json:"thread"`
	Envelope protocol.CID `json:"envelope"`
	State    string       `json:"state"`
}

func (s stream) write(text string) error {
	if err := s.c.SetWriteDeadline(time.Now().Add(eventTime)); err != nil {
		return err
	}
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.c.Flush()
}
