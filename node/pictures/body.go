package pictures

import (
	"context"
	"errors"
	"io"
	"time"
)

var (
	errSlow    = errors.New("the server took too long")
	errStalled = errors.New("the server stopped sending")
)

// body is an answer's body that ends when it stands still, and says so when there
// is more than is taken.
type body struct {
	ctx   context.Context // of the request, as net/http holds it, too
	stop  context.CancelCauseFunc
	in    io.ReadCloser
	max   int64
	left  int64
	idle  time.Duration
	timer *time.Timer
	err   error
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.wait(p[:min(int64(len(p)), b.left+1)])
	if int64(n) > b.left {
		n, err = int(b.left), tooLong(b.max)
	}
	b.left -= int64(n)
	b.err = err
	return n, err
}

// wait reads, for as long as the server may stand still. How long the caller takes
// between two reads is bounded by the whole time only.
func (b *body) wait(p []byte) (int, error) {
	if b.timer == nil {
		b.timer = time.AfterFunc(b.idle, func() { b.stop(errStalled) })
	} else {
		b.timer.Reset(b.idle)
	}
	n, err := b.in.Read(p)
	b.timer.Stop()
	if err != nil && err != io.EOF {
		err = because(b.ctx, err)
	}
	return n, err
}

// because gives the reason for which a request was given up, where it was.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// Close implements io.Closer.
func (b *body) Close() error {
	err := b.in.Close()
	b.stop(nil)
	return err
}
