package shopper

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// maxEventLine is the longest line of an event stream in bytes: an envelope in
// base64url and what is around it.
const maxEventLine = 128 << 10

// Listen calls heard with what comes into the conversation until ctx ends or heard
// returns an error, which it passes on. A stream that breaks is opened again, and what
// was missed is read. What is in the conversation already isn't told.
func (c *Conversation) Listen(ctx context.Context, heard func([]Entry) error) error {
	if c.state == nil {
		return ErrNothingKept
	}
	for pause := 200 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		told := c.seq()
		tell := func() error {
			entries := c.entries[told:]
			told = c.seq()
			if len(entries) == 0 {
				return nil
			}
			return heard(entries)
		}
		err := c.listen(ctx, tell)
		if err != nil && !passing(err) || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}

// listen follows one stream to its end.
func (c *Conversation) listen(ctx context.Context, tell func() error) error {
	res, err := c.subscribe(ctx)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if err := c.Sync(ctx); err != nil { // what came before the stream
		return err
	}
	if err := tell(); err != nil {
		return err
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, maxEventLine)
	for name := ""; lines.Scan(); {
		if field, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			name = field
		}
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		if err := c.event(ctx, name, data); err != nil {
			return err
		}
		if err := tell(); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("%w: the stream of events ended", ErrUnreachable)
}

// event takes one event. One that makes no sense is passed over, as an envelope is.
func (c *Conversation) event(ctx context.Context, name, data string) error {
	if name == "gap" {
		return c.Sync(ctx)
	}
	var e struct {
		Thread   protocol.CID
		N        uint64
		Envelope string
	}
	if name != "envelope" || json.Unmarshal([]byte(data), &e) != nil || e.Thread != c.state.Thread {
		return nil
	}
	sealed, err := base64.RawURLEncoding.DecodeString(e.Envelope)
	if err != nil {
		return nil
	}
	if err := c.take(wire.ThreadPage{Envelopes: []wire.NumberedEnvelope{{N: e.N, Bytes: sealed}}, Next: e.N}); err != nil {
		return err
	}
	if c.locked || c.lost != nil || len(c.ahead) > 0 {
		return c.Sync(ctx)
	}
	return nil
}

// subscribe opens a stream of the conversation's events.
func (c *Conversation) subscribe(ctx context.Context) (*http.Response, error) {
	request, err := thread.Request{Thread: c.state.Thread, Time: c.now()}.Sign(c.state.device())
	if err != nil {
		return nil, err
	}
	signed, err := request.Encode()
	if err != nil {
		return nil, err
	}
	body, err := wire.EncodeThread(&wire.EventsRequest{Requests: [][]byte{signed}})
	if err != nil {
		return nil, err
	}
	var ticket wire.EventsAnswer
	err = c.brand.Client.call(ctx, http.MethodPost, "/api/events", body, func(data []byte) error { return wire.DecodeThread(data, &ticket) })
	if err != nil {
		return nil, err
	}
	return c.brand.Client.stream(ctx, "/api/events?ticket="+url.QueryEscape(ticket.Ticket))
}

// stream opens what has no end.
func (c *Client) stream(ctx context.Context, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return nil, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if res.StatusCode != http.StatusOK {
		res.Body.Close()
		return nil, fmt.Errorf("%w: status %d", ErrUnreachable, res.StatusCode)
	}
	return res, nil
}
