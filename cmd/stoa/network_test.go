package main

import (
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

const someNode = "/ip4/203.0.113.7/tcp/4001/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"

func TestWhatServeIsToldOfTheNetworkIsCheckedFirst(t *testing.T) {
	cases := []struct {
		args string
		want string // in the complaint; "" for none
	}{
		{"", ""},
		{"--listen none", ""},
		{"--listen /ip4/127.0.0.1/tcp/0 --peer " + someNode + " --seed https://tea.example --relay --network test", ""},
		{"--listen none --relay", "meets nobody"},
		{"--listen none --peer " + someNode, "meets nobody"},
		{"--listen none --listen /ip4/0.0.0.0/tcp/1", "meets nobody"},
		{"--listen 0.0.0.0:4001", "no multiaddr"},
		{"--peer /ip4/203.0.113.7/tcp/4001", "no address of a node"},
		{"--peer tea.example", "no address of a node"},
		{"--seed tea.example", "no web address"},
		{"--seed ftp://tea.example", "no web address"},
		{"--network Main!", "--network"},
	}
	for _, c := range cases {
		var n network
		flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
		n.flags(flags)
		if err := flags.Parse(strings.Fields(c.args)); err != nil {
			t.Fatal(err)
		}
		if err := n.check(); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.args, err)
		}
	}
}

func TestATakenPortIsNotInTheWay(t *testing.T) {
	l, err := net.Listen("tcp", ":4001")
	if err == nil {
		defer l.Close() // else somebody else has it: all the same
	}
	var n network
	if notice := n.settle(); !strings.Contains(notice, "4001 is taken") || strings.Contains(strings.Join(n.listen, " "), "/4001") || len(n.listen) != 4 {
		t.Errorf("%q, %v", notice, n.listen)
	}
	chosen := network{listen: []string{"/ip4/127.0.0.1/tcp/4001"}}
	if notice := chosen.settle(); notice != "" || !slices.Equal(chosen.listen, []string{"/ip4/127.0.0.1/tcp/4001"}) {
		t.Errorf("what the owner chose was changed: %q, %v", notice, chosen.listen)
	}
}

func TestOnlyANodeOfThisMachineAloneMayBeSentIntoPrivateNetworks(t *testing.T) {
	for addrs, private := range map[string]bool{
		"/ip4/127.0.0.1/tcp/0": true, "/ip6/::1/udp/0/quic-v1": true, "/ip4/127.0.0.1/tcp/0 /ip4/127.0.0.1/udp/0/quic-v1": true,
		"/ip4/0.0.0.0/tcp/4001": false, "/ip4/127.0.0.1/tcp/0 /ip4/192.168.1.5/tcp/4001": false, "/ip6/::/tcp/4001": false,
	} {
		n := network{listen: strings.Fields(addrs), name: "test"}
		if o := n.options(nil); o.Private != private || o.MDNS == private {
			t.Errorf("%s: private %v, mDNS %v", addrs, o.Private, o.MDNS)
		}
	}
	if (&network{}).options(nil) != nil {
		t.Error("no address to listen at is no network")
	}
}

func TestAnAddressThatIsTakenIsSaidInWords(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String()) // of a listener
	var out, errs strings.Builder
	args := []string{"serve", "--http", "localhost:0", "--admin", "localhost:0", "--home", newHome(t, "Corner Tea"), "--listen", "/ip4/127.0.0.1/tcp/" + port}
	if code := run(t.Context(), args, tty{in: strings.NewReader(""), out: &out, err: &errs}); code != exitFailed {
		t.Errorf("exit %d", code)
	}
	if want := "--listen /ip4/127.0.0.1/tcp/" + port + ": another program is at this address already"; !strings.Contains(errs.String(), want) {
		t.Errorf("%q lacks %q", errs.String(), want)
	}
}
