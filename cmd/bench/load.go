package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// pool is a load on one server: so many connections, kept open, each sending its
// next request as soon as the last answer is there. It does little for each, so
// that the servers are what is measured: requests are made beforehand, of an
// answer only the status and the length are looked at.
type pool struct {
	conns []*conn
}

type conn struct {
	net.Conn
	in *bufio.Reader
}

func dial(address string, connections int) (*pool, error) {
	p := &pool{}
	for range connections {
		c, err := net.Dial("tcp", address)
		if err != nil {
			return nil, errors.Join(err, p.close())
		}
		p.conns = append(p.conns, &conn{c, bufio.NewReaderSize(c, 64<<10)})
	}
	return p, nil
}

func (p *pool) close() error {
	var errs []error
	for _, c := range p.conns {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// request makes a request for a path. The host is the shop's for both arms: its
// pages name it.
func request(s *served, path, encoding string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench\r\nAccept: text/html\r\n", path, s.host())
	if encoding != "" {
		fmt.Fprintf(&b, "Accept-Encoding: %s\r\n", encoding)
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

// during sends the requests over and over for a time and returns the answers per
// second.
func (p *pool) during(d time.Duration, requests [][]byte) (float64, error) {
	end := time.Now().Add(d)
	var n atomic.Int64
	return p.run(func() []byte {
		if !time.Now().Before(end) {
			return nil
		}
		return requests[int(n.Add(1)-1)%len(requests)]
	})
}

// once sends each request once and returns the answers per second.
func (p *pool) once(requests [][]byte) (float64, error) {
	var n atomic.Int64
	return p.run(func() []byte {
		i := int(n.Add(1) - 1)
		if i >= len(requests) {
			return nil
		}
		return requests[i]
	})
}

func (p *pool) run(next func() []byte) (float64, error) {
	var answers atomic.Int64
	var g errgroup.Group
	begin := time.Now()
	for _, c := range p.conns {
		g.Go(func() error {
			for req := next(); req != nil; req = next() {
				if err := c.exchange(req); err != nil {
					return err
				}
				answers.Add(1)
			}
			return nil
		})
	}
	err := g.Wait()
	return float64(answers.Load()) / time.Since(begin).Seconds(), err
}

var errUnexpected = errors.New("unexpected answer")

// answerTime bounds one exchange.
const answerTime = 30 * time.Second

func (c *conn) exchange(req []byte) error {
	if err := c.SetDeadline(time.Now().Add(answerTime)); err != nil {
		return err
	}
	if _, err := c.Write(req); err != nil {
		return err
	}
	length, err := c.head()
	if err != nil {
		return fmt.Errorf("answer to %q: %w", bytes.SplitN(req, []byte("\r"), 2)[0], err)
	}
	_, err = c.in.Discard(length)
	return err
}

var (
	good       = []byte("HTTP/1.1 200 ")
	lengthName = []byte("Content-Length: ")
)

// head reads status line and headers and returns the length of the body.
func (c *conn) head() (length int, err error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if !bytes.HasPrefix(line, good) {
		return 0, fmt.Errorf("%q: %w", bytes.TrimSpace(line), errUnexpected)
	}
	length = -1
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		if len(line) <= len("\r\n") {
			break
		}
		if value, ok := bytes.CutPrefix(line, lengthName); ok {
			length, err = strconv.Atoi(string(bytes.TrimSpace(value)))
			if err != nil {
				return 0, err
			}
		}
	}
	if length < 0 {
		return 0, fmt.Errorf("no length: %w", errUnexpected)
	}
	return length, nil
}
