package api

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// asked is a request on its way to a Threads.
type asked struct {
	*API
	w      http.ResponseWriter
	r      *http.Request
	who    string
	in     *received
	thread protocol.CID
	id     string // what stands behind the thread's part of the path
}

// route finds who answers an address. The parts of a path are "threads", a thread or
// a word, what is asked of it, and a blob's name.
func (a *API) route(w http.ResponseWriter, r *http.Request, who string) error {
	q := asked{API: a, w: w, r: r, who: who, in: &received{from: &a.memory}}
	defer q.in.drop()
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/api/"), "/")
	switch key := strings.Join(parts, "/"); {
	case key == "threads":
		return q.by(nil, q.begin)
	case key == "threads/find":
		return q.by(nil, q.find)
	case key == "events":
		return q.by(nil, q.subscribe) // GET was answered before
	case parts[0] != "threads" || len(parts) < 3 || len(parts) > 4:
		return errNowhere
	}
	var err error
	if q.thread, err = protocol.ParseCID(parts[1]); err != nil {
		return wire.ErrUnknownThread
	}
	if len(parts) == 4 {
		q.id = parts[3]
		if parts[2] == "blobs" {
			return q.by(q.blob, nil)
		}
		return errNowhere
	}
	return q.ofThread(parts[2])
}

func (q asked) ofThread(what string) error {
	switch what {
	case "entries":
		return q.by(q.read, q.post)
	case "join":
		return q.by(nil, q.join)
	case "genesis":
		return q.by(q.genesis, nil)
	case "blobs":
		return q.by(nil, q.putBlob)
	}
	return errNowhere
}

// by answers with the function of the request's method.
func (q asked) by(get, post func() error) error {
	switch {
	case q.r.Method == http.MethodGet && get != nil:
		return get()
	case q.r.Method == http.MethodPost && post != nil:
		return post()
	case get == nil:
		q.w.Header().Set("Allow", http.MethodPost)
	case post == nil:
		q.w.Header().Set("Allow", http.MethodGet)
	default:
		q.w.Header().Set("Allow", "GET, POST")
	}
	return errMethod
}

// decode reads the body with one of the decoders of wire.
func (q asked) decode(into func([]byte) error) error {
	b, err := q.body(wire.ThreadMediaType, wire.MaxThreadBody)
	if err != nil {
		return err
	}
	return into(b)
}

// answer sends what one of the encoders of wire made.
func (q asked) answer(data []byte, err error) error {
	if err != nil {
		return err
	}
	send(q.w, http.StatusOK, wire.ThreadMediaType, data)
	return nil
}

// write reads the capability of the Stoa-Write header.
func (q asked) write() (write [thread.SecretSize]byte, err error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(q.r.Header.Get("Stoa-Write"))
	if err != nil || len(b) != len(write) {
		return write, errNoKey
	}
	return [thread.SecretSize]byte(b), nil
}

// maxDevice is the longest Stoa-Device header in bytes.
const maxDevice = 4 << 10

// device reads the signed request of the Stoa-Device header. Who answers checks
// whose it is and when it was made.
func (q asked) device() (protocol.Signed, error) {
	text := q.r.Header.Get("Stoa-Device")
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || text == "" || len(text) > maxDevice {
		return protocol.Signed{}, errNoKey
	}
	return protocol.DecodeSigned(b)
}

// number reads a number of the query; absent is 0.
func (q asked) number(name string) (uint64, error) {
	text := q.r.URL.Query().Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n > protocol.MaxInt {
		return 0, protocol.Invalid("query", "%s is not a number within 2^53−1", name)
	}
	return n, nil
}

// usualWait is how long a post waits for the brand's commits unless it says.
const usualWait = 10 * time.Second

// wait reads how long a post may wait.
func (q asked) wait() (time.Duration, error) {
	if q.r.URL.Query().Get("wait") == "" {
		return usualWait, nil
	}
	n, err := q.number("wait")
	if err == nil && n > wire.MaxWait {
		err = protocol.Invalid("query", "wait is above %d", wire.MaxWait)
	}
	return time.Duration(n) * time.Second, err
}
