package control

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/stoa-commerce/stoa/node"
	"github.com/stoa-commerce/stoa/protocol"
)

// Client speaks to the node of a home.
type Client struct {
	http    *http.Client
	close   func() error
	Running bool // over the socket of a running node
}

// Dial reaches the node of a home: the running one, else one opened in this
// process with the options until Close.
func Dial(ctx context.Context, o node.Options) (*Client, error) {
	if conn, err := dial(ctx, o.Home); err == nil {
		conn.Close()
		return &Client{http: Over(o.Home), close: func() error { return nil }, Running: true}, nil
	}
	n, err := node.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	return Local(n, answering(ctx, n)), nil
}

// answering has a node that isn't served commit what the brand says in conversations,
// until the function that it returns closes it.
func answering(ctx context.Context, n *node.Node) (close func() error) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- n.Conversations().Run(ctx) }()
	return func() error {
		cancel()
		return errors.Join(<-done, n.Close())
	}
}

// Over returns a client whose requests all go through the socket of a home.
func Over(home string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx, home) },
		DisableKeepAlives: true, // a command asks little, and the node may close meanwhile
	}}
}

func dial(ctx context.Context, home string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "unix", SocketPath(home))
}

// Local speaks to a node in this process; close is called by Close.
func Local(n *node.Node, close func() error) *Client {
	return &Client{http: &http.Client{Transport: inProcess{NewHandler(n)}}, close: close}
}

// Close ends the connection, and the node if Dial opened it.
func (c *Client) Close() error { return c.close() }

// inProcess answers requests by calling the handler.
type inProcess struct{ http.Handler }

// RoundTrip implements http.RoundTripper. The answer is streamed.
func (h inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	pr, pw := io.Pipe()
	w := &pipeWriter{PipeWriter: pw, header: http.Header{}}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer func() {
			if v := recover(); v != nil {
				pw.CloseWithError(fmt.Errorf("node failed: %v", v))
				return
			}
			pw.Close()
		}()
		h.ServeHTTP(w, r)
	}()
	res := httptest.NewRecorder().Result()
	res.Body, res.Request = streamed{pr, ended}, r
	return res, nil
}

// streamed is the answer of a handler in this process.
type streamed struct {
	*io.PipeReader
	ended <-chan struct{} // closed when the handler has returned
}

// Close waits for the handler: the node it works on may be closed next.
func (s streamed) Close() error {
	err := s.PipeReader.Close()
	<-s.ended
	return err
}

type pipeWriter struct {
	*io.PipeWriter
	header http.Header
}

func (w *pipeWriter) Header() http.Header { return w.header }
func (w *pipeWriter) WriteHeader(int)     {}
func (w *pipeWriter) Flush()              {}

// ErrRefused marks what the node would not do because of what was asked.
var ErrRefused = errors.New("refused")

func call[Out any](ctx context.Context, c *Client, verb string, in any) (out Out, err error) {
	b, err := request(in)
	if err != nil {
		return out, err
	}
	return receive[Out](ctx, c, verb, b, func(reply) error { return nil })
}

// request encodes what is asked; HTML in it stays as short as it is.
func request(in any) (*bytes.Buffer, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	return &b, enc.Encode(in)
}

// receive asks and reads the answer; on is given the lines before the last one.
func receive[Out any](ctx context.Context, c *Client, verb string, body io.Reader, on func(reply) error) (out Out, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://stoa/"+verb, body)
	if err != nil {
		return out, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return out, fmt.Errorf("ask the node: %w", err)
	}
	defer res.Body.Close()
	lines := bufio.NewReader(res.Body)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return out, fmt.Errorf("the node went away without an answer: %w", err)
		}
		var r reply
		if err := json.Unmarshal(line, &r); err != nil {
			return out, fmt.Errorf("answer of the node: %w", err)
		}
		if r.Progress == nil && r.Part == nil {
			return settle[Out](r)
		}
		if err := on(r); err != nil {
			return out, err
		}
	}
}

func settle[Out any](r reply) (out Out, err error) {
	if len(r.Result) > 0 {
		if err := json.Unmarshal(r.Result, &out); err != nil {
			return out, fmt.Errorf("answer of the node: %w", err)
		}
	}
	switch {
	case r.Error == "":
		return out, nil
	case r.Refused:
		return out, &Failure{r.Error, protocol.ErrInvalid}
	}
	return out, &Failure{r.Error, nil}
}

// Failure is an error of the node in its own words.
type Failure struct {
	Text  string
	Cause error
}

// Error implements error.
func (f *Failure) Error() string { return f.Text }

// Unwrap returns the class of the error, nil if it has none here.
func (f *Failure) Unwrap() error { return f.Cause }

// Import sends a file to be imported.
func (c *Client) Import(ctx context.Context, file io.Reader, q ImportQuery, progress func(node.Progress)) (ImportResult, error) {
	v := url.Values{}
	if q.DryRun {
		v.Set("dry-run", "")
	}
	if q.SkipBadRows {
		v.Set("skip-bad-rows", "")
	}
	if q.Images != "" {
		v.Set("images", q.Images)
	}
	return receive[ImportResult](ctx, c, "import?"+v.Encode(), file, func(r reply) error {
		if progress != nil && r.Progress != nil {
			progress(*r.Progress)
		}
		return nil
	})
}

// Archive copies the brand's archive to w. What was written is whole only if the
// error is nil.
func (c *Client) Archive(ctx context.Context, w io.Writer) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://stoa/archive", nil)
	if err != nil {
		return err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.Copy(w, res.Body)
	return err
}

// Products lists the brand's products.
func (c *Client) Products(ctx context.Context, query string) ([]Product, error) {
	b, err := request(ProductsQuery{query})
	if err != nil {
		return nil, err
	}
	all := []Product{}
	_, err = receive[None](ctx, c, "products", b, func(r reply) error {
		var part []Product
		err := json.Unmarshal(r.Part, &part)
		all = append(all, part...)
		return err
	})
	return all, err
}

// SetPrice publishes a price.
func (c *Client) SetPrice(ctx context.Context, variant, amount string) (HeadResult, error) {
	return call[HeadResult](ctx, c, "price", PriceQuery{variant, amount})
}

// Apply publishes a shop document.
func (c *Client) Apply(ctx context.Context, doc node.ShopDoc, images string) (ApplyResult, error) {
	return call[ApplyResult](ctx, c, "apply", ApplyQuery{doc, images})
}

// Show returns the shop's document.
func (c *Client) Show(ctx context.Context) (node.ShopDoc, error) {
	return call[node.ShopDoc](ctx, c, "show", None{})
}

// Proof returns an encoded proof bundle in hex.
func (c *Client) Proof(ctx context.Context, path string) (ProofResult, error) {
	return call[ProofResult](ctx, c, "proof", ProofQuery{path})
}

// Status returns how the node is.
func (c *Client) Status(ctx context.Context) (node.Status, error) {
	return call[node.Status](ctx, c, "status", None{})
}

// Notice shows the node a signed head, in hex.
func (c *Client) Notice(ctx context.Context, head string) (NoticeResult, error) {
	return call[NoticeResult](ctx, c, "notice", NoticeQuery{head})
}

// Silence ends an alarm.
func (c *Client) Silence(ctx context.Context) (HeadResult, error) {
	return call[HeadResult](ctx, c, "silence", None{})
}

// Follow begins to mirror a brand.
func (c *Client) Follow(ctx context.Context, target, handle string) (Brand, error) {
	return call[Brand](ctx, c, "follow", FollowQuery{target, handle})
}

// Unfollow ends it, by the brand's ID or handle; what was mirrored is deleted.
func (c *Client) Unfollow(ctx context.Context, brand string) (Unfollowed, error) {
	return call[Unfollowed](ctx, c, "unfollow", UnfollowQuery{brand})
}

// Mirror takes the catalog of a followed brand from an archive.
func (c *Client) Mirror(ctx context.Context, archive io.Reader) (Brand, error) {
	return receive[Brand](ctx, c, "mirror", archive, func(reply) error { return nil })
}

// Brands lists the brands that are followed, by handle.
func (c *Client) Brands(ctx context.Context) ([]Brand, error) {
	return call[[]Brand](ctx, c, "brands", None{})
}

// Peers lists the nodes that are connected; none are to a node that doesn't run.
func (c *Client) Peers(ctx context.Context) ([]Peer, error) {
	return call[[]Peer](ctx, c, "peers", None{})
}

// KeyRequest drafts the next identity operation.
func (c *Client) KeyRequest(ctx context.Context, q KeyQuery) (node.KeyRequest, error) {
	return call[node.KeyRequest](ctx, c, "key-request", q)
}

// KeyApply takes a signed identity operation.
func (c *Client) KeyApply(ctx context.Context, s node.SignedKey) (KeyResult, error) {
	return call[KeyResult](ctx, c, "key-apply", s)
}
