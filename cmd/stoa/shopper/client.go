package shopper

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// ErrUnreachable says that a gateway doesn't answer, or answers nothing that makes
// sense: trying again may help.
var ErrUnreachable = errors.New("the gateway can't be reached")

// Client asks one gateway. It may be used by many shoppers at once.
type Client struct {
	base string
	http *http.Client
	now  func() time.Time
}

// NewClient returns a client of the gateway at a base address, as
// "https://tea.example". transport nil is one of its own; now nil is the machine's
// clock.
func NewClient(base string, transport http.RoundTripper, now func() time.Time) (*Client, error) {
	u, err := url.Parse(strings.TrimSuffix(base, "/"))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, fmt.Errorf("%q is not the address of a gateway, such as https://tea.example: %w", base, protocol.ErrInvalid)
	}
	if now == nil {
		now = time.Now
	}
	if transport == nil {
		transport = http.DefaultTransport.(*http.Transport).Clone()
	}
	return &Client{base: u.String(), http: &http.Client{Transport: transport, CheckRedirect: sameHost}, now: now}, nil
}

// sameHost follows a redirect within the gateway only.
func sameHost(to *http.Request, via []*http.Request) error {
	if to.URL.Host != via[0].URL.Host || len(via) > 3 {
		return http.ErrUseLastResponse
	}
	return nil
}

// answer is what came back.
type answer struct {
	status int
	body   []byte
	date   time.Time // of the gateway's clock; zero if it doesn't say
}

// attempt bounds one request, waiting included.
const attempt = 45 * time.Second

// header is a pair for a request.
type header struct{ name, value string }

func (c *Client) do(ctx context.Context, method, path, mediaType string, body []byte, headers ...header) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if mediaType != "" {
		req.Header.Set("Content-Type", mediaType)
	}
	for _, h := range headers {
		req.Header.Set(h.name, h.value)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return answer{}, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, wire.MaxThreadBody+1))
	if err != nil {
		return answer{}, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if len(data) > wire.MaxThreadBody {
		return answer{}, fmt.Errorf("%w: its answer is too large", ErrUnreachable)
	}
	date, _ := http.ParseTime(res.Header.Get("Date")) // zero if there is none
	return answer{res.StatusCode, data, date}, nil
}

// call sends and expects a body of specs/20-thread-http.md, which read takes.
func (c *Client) call(ctx context.Context, method, path string, body []byte, read func([]byte) error, headers ...header) error {
	mediaType := ""
	if body != nil {
		mediaType = wire.ThreadMediaType
	}
	a, err := c.do(ctx, method, path, mediaType, body, headers...)
	if err != nil {
		return err
	}
	if a.status != http.StatusOK && a.status != http.StatusAccepted {
		return a.err()
	}
	if err := read(a.body); err != nil {
		return fmt.Errorf("%w: its answer makes no sense: %w", ErrUnreachable, err)
	}
	return nil
}

// err is the error that an answer tells.
func (a answer) err() error {
	var b wire.ErrorBody
	if err := wire.DecodeThread(a.body, &b); err != nil {
		return fmt.Errorf("%w: status %d", ErrUnreachable, a.status)
	}
	if a.status >= http.StatusInternalServerError {
		return fmt.Errorf("%w: %w", ErrUnreachable, b.Err())
	}
	return b.Err()
}

func writeHeader(write []byte) header {
	return header{"Stoa-Write", base64.RawURLEncoding.EncodeToString(write)}
}

func deviceHeader(s protocol.Signed) (header, error) {
	data, err := s.Encode()
	return header{"Stoa-Device", base64.RawURLEncoding.EncodeToString(data)}, err
}

func threadPath(id protocol.CID, what string) string {
	return "/api/threads/" + id.String() + "/" + what
}

// waiting is the query of a post that waits so long for commits.
func waiting(d time.Duration) string {
	return "?wait=" + strconv.Itoa(min(int((d+time.Second-1)/time.Second), wire.MaxWait))
}

func (c *Client) begin(ctx context.Context, b wire.ThreadBegin, write []byte, wait time.Duration) (out wire.ThreadAnswer, err error) {
	body, err := wire.EncodeThread(&b)
	if err != nil {
		return out, err
	}
	err = c.call(ctx, http.MethodPost, "/api/threads"+waiting(wait), body, func(data []byte) error { return wire.DecodeThread(data, &out) }, writeHeader(write))
	return out, err
}

func (c *Client) post(ctx context.Context, id protocol.CID, p wire.ThreadPost, write []byte, wait time.Duration) (out wire.ThreadAnswer, err error) {
	body, err := wire.EncodeThread(&p)
	if err != nil {
		return out, err
	}
	err = c.call(ctx, http.MethodPost, threadPath(id, "entries")+waiting(wait), body, func(data []byte) error { return wire.DecodeThread(data, &out) }, writeHeader(write))
	return out, err
}

func (c *Client) read(ctx context.Context, id protocol.CID, request protocol.Signed, after uint64) (out wire.ThreadPage, err error) {
	h, err := deviceHeader(request)
	if err != nil {
		return out, err
	}
	path := threadPath(id, "entries") + "?after=" + strconv.FormatUint(after, 10)
	err = c.call(ctx, http.MethodGet, path, nil, func(data []byte) error { return wire.DecodeThread(data, &out) }, h)
	return out, err
}

func (c *Client) join(ctx context.Context, id protocol.CID, j wire.JoinRequest) (out wire.JoinAnswer, err error) {
	body, err := wire.EncodeThread(&j)
	if err != nil {
		return out, err
	}
	err = c.call(ctx, http.MethodPost, threadPath(id, "join"), body, func(data []byte) error { return wire.DecodeThread(data, &out) })
	return out, err
}

func (c *Client) find(ctx context.Context, brand protocol.CID, identity [32]byte) (protocol.CID, error) {
	body, err := wire.EncodeThread(&wire.FindRequest{Brand: brand, Identities: [][32]byte{identity}})
	if err != nil {
		return protocol.CID{}, err
	}
	var out wire.FindAnswer
	err = c.call(ctx, http.MethodPost, "/api/threads/find", body, func(data []byte) error { return wire.DecodeThread(data, &out) })
	if err != nil || len(out.Threads) != 1 {
		return protocol.CID{}, err
	}
	return out.Threads[0], nil
}

func (c *Client) genesis(ctx context.Context, id protocol.CID) (data []byte, g thread.OpenedGenesis, err error) {
	err = c.call(ctx, http.MethodGet, threadPath(id, "genesis"), nil, func(body []byte) (err error) {
		data = body
		g, err = thread.OpenGenesis(body)
		if err == nil && g.Thread != id {
			err = protocol.Invalid("genesis", "of another thread")
		}
		return err
	})
	return data, g, err
}

// about is what matters of /.well-known/stoa.
type about struct {
	Brand protocol.CID `json:"brand"`
}

func (c *Client) about(ctx context.Context) (a about, err error) {
	got, err := c.do(ctx, http.MethodGet, "/.well-known/stoa", "", nil)
	if err != nil {
		return a, err
	}
	if got.status != http.StatusOK || json.Unmarshal(got.body, &a) != nil || !a.Brand.Defined() {
		return a, fmt.Errorf("%w: %s doesn't say whose it is (status %d)", ErrUnreachable, c.base, got.status)
	}
	return a, nil
}
