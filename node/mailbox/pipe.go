package mailbox

import (
	"bufio"
	"fmt"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/stoa-commerce/stoa/protocol/wire"
)

// pipe reads and writes the frames of one stream, each within its time. Any number of
// goroutines may write, one reads.
type pipe struct {
	stream network.Stream
	in     *bufio.Reader
	max    int // of a frame

	mu   sync.Mutex
	last time.Time // when something was written
}

// newPipe accounts for a stream and what it needs, until it is closed.
func newPipe(s network.Stream, limited bool) (*pipe, error) {
	if err := s.Scope().SetService(Service); err != nil {
		return nil, fmt.Errorf("mail stream: %w", err)
	}
	if err := s.Scope().ReserveMemory(streamMemory, network.ReservationPriorityMedium); err != nil {
		return nil, fmt.Errorf("mail stream: %w", err)
	}
	p := &pipe{stream: s, in: bufio.NewReaderSize(s, 64<<10), max: wire.MaxMailFrame, last: time.Now()}
	if limited {
		p.max = wire.MaxRelayedMail
	}
	return p, nil
}

// write writes a frame; nil is a beat.
func (p *pipe) write(f wire.MailFrame) error {
	data, err := wire.EncodeMail(f)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.stream.SetWriteDeadline(time.Now().Add(writeTime))
	if err := wire.WriteFrame(p.stream, data, p.max); err != nil {
		return err
	}
	p.last = time.Now()
	return nil
}

// beat writes a beat if nothing was written for long.
func (p *pipe) beat() error {
	p.mu.Lock()
	quiet := time.Since(p.last) >= beatTime*9/10
	p.mu.Unlock()
	if !quiet {
		return nil
	}
	return p.write(nil)
}

// read reads one frame that must be there in time.
func (p *pipe) read(within time.Duration, decode func([]byte) (wire.MailFrame, error)) (wire.MailFrame, int, error) {
	_ = p.stream.SetReadDeadline(time.Now().Add(within))
	data, err := wire.ReadFrame(p.in, p.max)
	if err != nil {
		return nil, 0, fmt.Errorf("read mail: %w", err)
	}
	f, err := decode(data)
	return f, len(data), err
}

// waits reports whether more has come already.
func (p *pipe) waits() bool { return p.in.Buffered() > 0 }
