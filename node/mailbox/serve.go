package mailbox

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/libp2p/go-libp2p/core/network"
	libp2p "github.com/libp2p/go-libp2p/core/protocol"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// bye is why a stream isn't taken.
type bye struct{ reason string }

func (b bye) Error() string { return "the brand is turned away: " + b.reason }

// serve takes mail streams until ctx ends and then ends them all.
func (r *Relay) serve(ctx context.Context) error {
	var mu sync.Mutex
	var inside sync.WaitGroup
	over := false
	enter := func() bool {
		mu.Lock()
		defer mu.Unlock()
		if !over {
			inside.Add(1)
		}
		return !over
	}
	r.Host.SetStreamHandler(libp2p.ID(wire.MailProtocol), func(s network.Stream) {
		if !enter() {
			_ = s.Reset()
			return
		}
		defer inside.Done()
		r.take(ctx, s)
	})
	<-ctx.Done()
	r.Host.RemoveStreamHandler(libp2p.ID(wire.MailProtocol))
	mu.Lock()
	over = true
	mu.Unlock()
	inside.Wait()
	return nil
}

// take serves one brand until it leaves, breaks the protocol, or ctx ends.
func (r *Relay) take(ctx context.Context, s network.Stream) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = s.Reset() })()
	from := s.Conn().RemotePeer()
	brand, err := r.converse(ctx, cancel, s)
	if errors.Is(err, protocol.ErrInvalid) {
		r.Blame(from, "mail: "+err.Error())
	}
	r.Log.Debug("mail stream ends", "side", "relay", "brand", brand, "peer", from, "reason", err)
	var b bye
	if errors.As(err, &b) {
		_ = s.Close() // it reads why
		return
	}
	_ = s.Reset()
}

func (r *Relay) converse(ctx context.Context, cancel context.CancelFunc, s network.Stream) (brand protocol.CID, err error) {
	p, err := newPipe(s)
	if err != nil {
		return brand, err
	}
	brand, err = r.greet(ctx, p)
	var b bye
	if errors.As(err, &b) {
		return brand, errors.Join(err, p.write(&wire.MailBye{Reason: b.reason, Time: r.Now()}))
	}
	if err != nil {
		return brand, err
	}
	if err := p.widen(r.Limited(s.Conn().RemotePeer())); err != nil {
		return brand, err
	}
	l := newLine(ctx, cancel, r, brand, p)
	if !r.connect(l) {
		return brand, errors.Join(bye{wire.ByeBusy}, p.write(&wire.MailBye{Reason: wire.ByeBusy, Time: r.Now()}))
	}
	defer r.disconnect(l)
	r.Log.Info("brand collects its mail", "brand", brand, "peer", s.Conn().RemotePeer())
	return brand, l.run()
}

// greet reads for which brand the other side speaks, and has it prove that.
func (r *Relay) greet(ctx context.Context, p *pipe) (brand protocol.CID, err error) {
	f, _, err := p.read(firstFrame, wire.DecodeMailOfBrand)
	if err != nil {
		return brand, err
	}
	hello, is := f.(*wire.MailHello)
	if !is {
		return brand, protocol.Invalid("mail", "the first frame is no proof")
	}
	signed, err := protocol.DecodeSigned(hello.Proof)
	if err != nil {
		return brand, err
	}
	proof, err := wire.DecodeMailProof(signed.Payload)
	if err != nil {
		return brand, err
	}
	if err := r.believe(ctx, p, proof, signed); err != nil {
		return proof.Brand, err
	}
	return proof.Brand, p.write(&wire.MailOpen{Relay: r.Brand, Time: r.Now()})
}

// believe checks that an online key of the brand speaks to this relay, through this
// very peer, and now.
func (r *Relay) believe(ctx context.Context, p *pipe, proof wire.MailProof, signed protocol.Signed) error {
	if !r.Follows(proof.Brand) {
		return bye{wire.ByeUnknownBrand}
	}
	if string(proof.Peer) != string(p.stream.Conn().RemotePeer()) || string(proof.Relay) != string(r.Host.ID()) {
		return bye{wire.ByeProof}
	}
	if now := r.Now(); proof.Time < now-wire.MaxMailSkew || proof.Time > now+wire.MaxMailSkew {
		return bye{wire.ByeClock}
	}
	log, err := r.Store.Identity(ctx, proof.Brand)
	if err != nil {
		return fmt.Errorf("keys of %s: %w", proof.Brand, errors.Join(bye{wire.ByeProof}, err))
	}
	for _, k := range log.State().Online {
		if signed.VerifiedBy(protocol.ObjectMail, k.Key) == 1 {
			return nil
		}
	}
	return bye{wire.ByeProof}
}

// connect makes a line the one to its brand; an older one ends.
func (r *Relay) connect(l *line) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.lines[l.brand]
	if old == nil && len(r.lines) >= maxStreams {
		return false
	}
	if old != nil {
		old.cancel()
	}
	r.lines[l.brand] = l
	return true
}

func (r *Relay) disconnect(l *line) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lines[l.brand] == l {
		delete(r.lines, l.brand)
	}
}

// line returns the line to a brand, nil when it isn't connected.
func (r *Relay) line(brand protocol.CID) *line {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lines[brand]
}

func (r *Relay) connected() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.lines)
}

// Connected reports whether a brand's node collects its mail here now.
func (r *Relay) Connected(brand protocol.CID) bool { return r.line(brand) != nil }

// wake has the line to a brand look for what is new.
func (r *Relay) wake(brand protocol.CID) {
	if l := r.line(brand); l != nil {
		signal(l.more)
	}
}

// readOn has a brand told that a box has room again, if it had none.
func (r *Relay) readOn(brand, thread protocol.CID) {
	if l := r.line(brand); l != nil {
		l.read(thread)
	}
}

func (r *Relay) hangUp(brand protocol.CID) {
	if l := r.line(brand); l != nil {
		l.cancel()
	}
}

// signal fills a channel of one without waiting.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
