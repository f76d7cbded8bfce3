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

// maxGreeting is the largest frame before a brand has proved itself, and
// greetingMemory what is reserved until then.
const maxGreeting, greetingMemory = 8 << 10, 64 << 10

// newPipe accounts for a stream that is to be opened with small frames.
func newPipe(s network.Stream) (*pipe, error) {
	if err := s.Scope().SetService(Service); err != nil {
		return nil, fmt.Errorf("mail stream: %w", err)
	}
	if err := s.Scope().ReserveMemory(greetingMemory, network.ReservationPriorityMedium); err != nil {
		return nil, fmt.Errorf("mail stream: %w", err)
	}
	return &pipe{stream: s, in: bufio.NewReaderSize(s, 32<<10), max: maxGreeting, last: time.Now()}, nil
}

// widen accounts for what a stream needs that carries mail, until it is closed.
func (p *pipe) widen(limited bool) error {
	if err := p.stream.Scope().ReserveMemory(streamMemory, network.ReservationPriorityMedium); err != nil {
		return fmt.Errorf("mail stream: %w", err)
	}
	if p.max = wire.MaxMailFrame; limited {
		p.max = wire.MaxRelayedMail
	}
	return nil
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
