package main

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// tap stands between two peers and counts the bytes that pass, in both directions:
// all that goes over the wire above TCP, encryption and multiplexing among it.
type tap struct {
	listener net.Listener
	target   string
	id       string // of the peer behind it
	bytes    atomic.Int64
	running  sync.WaitGroup
}

// newTap listens before a peer's TCP address, /ip4/IP/tcp/PORT/p2p/ID.
func newTap(addr string) (*tap, error) {
	parts := strings.Split(addr, "/")
	if len(parts) != 7 || parts[1] != "ip4" || parts[3] != "tcp" {
		return nil, fmt.Errorf("%s is no TCP address of a peer", addr)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t := &tap{listener: l, target: net.JoinHostPort(parts[2], parts[4]), id: parts[6]}
	t.running.Go(t.accept)
	return t, nil
}

// addr is where the peer is reached through the tap.
func (t *tap) addr() string {
	_, port, _ := net.SplitHostPort(t.listener.Addr().String()) // of a TCP listener
	return "/ip4/127.0.0.1/tcp/" + port + "/p2p/" + t.id
}

// close ends listening; it returns when the connections through the tap are closed.
func (t *tap) close() error {
	err := t.listener.Close()
	t.running.Wait()
	return err
}

func (t *tap) accept() {
	for {
		near, err := t.listener.Accept()
		if err != nil {
			return
		}
		t.running.Go(func() { t.join(near) })
	}
}

// join copies in both directions until one side closes.
func (t *tap) join(near net.Conn) {
	defer near.Close()
	far, err := net.Dial("tcp", t.target)
	if err != nil {
		return
	}
	defer far.Close()
	var both sync.WaitGroup
	both.Go(func() { t.copy(far, near) })
	both.Go(func() { t.copy(near, far) })
	both.Wait()
}

func (t *tap) copy(to, from net.Conn) {
	defer to.Close()
	b := make([]byte, 64<<10)
	for {
		n, err := from.Read(b)
		t.bytes.Add(int64(n))
		if _, writeErr := to.Write(b[:n]); err != nil || writeErr != nil {
			return
		}
	}
}

// quiet is how long nothing passes when two peers have said what there is to say
// about themselves.
const quiet = 500 * time.Millisecond

// settled waits until nothing passes, and returns what has passed so far.
func (t *tap) settled() (int64, error) {
	for end := time.Now().Add(patience); time.Now().Before(end); {
		before := t.bytes.Load()
		time.Sleep(quiet)
		if t.bytes.Load() == before {
			return before, nil
		}
	}
	return 0, errors.New("two peers never cease to talk")
}
