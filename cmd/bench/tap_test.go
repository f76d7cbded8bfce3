package main

import (
	"io"
	"net"
	"strings"
	"testing"
)

func TestTheTapCountsWhatPassesInBothDirections(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	go func() {
		c, err := server.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		var question [5]byte
		_, _ = io.ReadFull(c, question[:])
		_, _ = io.WriteString(c, "answered")
	}()
	_, port, _ := net.SplitHostPort(server.Addr().String())
	tapped, err := newTap("/ip4/127.0.0.1/tcp/" + port + "/p2p/someone")
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", tapped.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(c, "asked")
	answer, err := io.ReadAll(c)
	c.Close()
	if string(answer) != "answered" || err != nil {
		t.Errorf("%q, %v", answer, err)
	}
	if err := tapped.close(); err != nil || tapped.bytes.Load() != int64(len("asked")+len("answered")) {
		t.Errorf("%d bytes counted: %v", tapped.bytes.Load(), err)
	}
}

func TestATapStandsBeforeTCPOnly(t *testing.T) {
	for _, addr := range []string{"", "/ip4/127.0.0.1/udp/1/quic-v1/p2p/a", "/ip4/127.0.0.1/tcp/1", "/dns4/a/tcp/1/p2p/a"} {
		if tapped, err := newTap(addr); err == nil {
			t.Errorf("%q is tapped at %s", addr, strings.TrimSpace(tapped.addr()))
		}
	}
}
