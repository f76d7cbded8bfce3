package control

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

// patience is how long the node waits for a client that has stopped sending or
// reading: other commands may be waiting for this one.
const patience = time.Minute

var errSilent = errors.New("the command stopped sending its file")

// prompt reads a request and writes its answer and gives up on a client that
// stands still. In this process, where there is no connection, it waits.
type prompt struct {
	conn   *http.ResponseController
	in     io.Reader
	out    io.Writer
	within time.Duration
}

func (s server) prompt(w http.ResponseWriter, r *http.Request) prompt {
	return prompt{http.NewResponseController(w), r.Body, w, s.patience}
}

// Read implements io.Reader.
func (p prompt) Read(b []byte) (int, error) {
	_ = p.conn.SetReadDeadline(time.Now().Add(p.within))
	defer func() { _ = p.conn.SetReadDeadline(time.Time{}) }() // nothing is awaited while the file is worked on
	n, err := p.in.Read(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = errSilent
	}
	return n, err
}

// Write implements io.Writer. What is written goes out at once.
func (p prompt) Write(b []byte) (int, error) {
	_ = p.conn.SetWriteDeadline(time.Now().Add(p.within))
	n, err := p.out.Write(b)
	if err == nil {
		err = p.conn.Flush()
	}
	return n, err
}
