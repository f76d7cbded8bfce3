package api

import (
	"cmp"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"time"
)

// How a body may arrive.
const (
	// chunk is how much of a body is read at a time, in bytes.
	chunk = 64 << 10
	// chunkTime is how long each chunk may take.
	chunkTime = 10 * time.Second
	// bodyTime is how long a whole body may take.
	bodyTime = time.Minute
)

// What can be wrong with a body.
var (
	errMediaType = errors.New("the body is of another media type")
	errTooLarge  = errors.New("the body is too large")
	errSlowBody  = errors.New("the body didn't arrive in time")
	errCutBody   = errors.New("the body ends too early")
	errNoMemory  = errors.New("too many bodies are on their way")
)

// received is a body that arrives. Its bytes count until it is dropped, when the
// request has been answered: what was decoded of it lives as long.
type received struct {
	bytes []byte
	held  int64
	from  *budget
}

func (b *received) drop() { b.from.give(b.held) }

// body reads the request's body of at most max bytes of the media type. One that
// drips, never ends or is larger than it may be ends the connection, too.
func (q asked) body(mediaType string, max int) ([]byte, error) {
	if got, _, err := mime.ParseMediaType(q.r.Header.Get("Content-Type")); err != nil || got != mediaType {
		return nil, errMediaType
	}
	if q.r.ContentLength > int64(max) {
		return nil, errTooLarge
	}
	first := chunk
	if said := int(q.r.ContentLength); said >= 0 && said < chunk {
		first = said + 1
	}
	if err := q.in.read(q.w, q.r.Body, first, max); err != nil {
		q.w.Header().Set("Connection", "close")
		return nil, err
	}
	return q.in.bytes, nil
}

// read takes memory for more only when what came before has arrived.
func (b *received) read(w http.ResponseWriter, from io.Reader, first, max int) error {
	c := http.NewResponseController(w)
	defer func() { _ = c.SetReadDeadline(time.Time{}) }() // a recorder in a test has none
	end := time.Now().Add(bodyTime)
	for {
		if err := b.grow(first, max); err != nil {
			return err
		}
		_ = c.SetReadDeadline(earlier(end, time.Now().Add(chunkTime)))
		more, err := b.fill(from)
		switch {
		case err != nil:
			return err
		case len(b.bytes) > max:
			return errTooLarge
		case !more:
			return nil
		}
	}
}

// grow makes room for as much as there is, or for first, at most one byte more than
// max.
func (b *received) grow(first, max int) error {
	n := min(cmp.Or(len(b.bytes), first), max+1-len(b.bytes))
	if !b.from.take(int64(n)) {
		return errNoMemory
	}
	b.held += int64(n)
	larger := make([]byte, len(b.bytes), len(b.bytes)+n)
	copy(larger, b.bytes)
	b.bytes = larger
	return nil
}

// fill reads until the room is used up; more is false at the end of the body.
func (b *received) fill(from io.Reader) (more bool, err error) {
	for len(b.bytes) < cap(b.bytes) {
		n, err := from.Read(b.bytes[len(b.bytes):cap(b.bytes)])
		b.bytes = b.bytes[:len(b.bytes)+n]
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, bodyError(err)
		}
	}
	return true, nil
}

func bodyError(err error) error {
	var limit *http.MaxBytesError
	switch {
	case errors.As(err, &limit):
		return errTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errSlowBody
	}
	return errCutBody
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
