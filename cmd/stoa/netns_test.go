package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/cmd/stoa/control"
)

// internet is a network of namespaces: a public wire, hosts on it, and routers
// that hide one machine each behind address translation.
type internet struct {
	t      *testing.T
	prefix string // of the namespaces' names
}

// newInternet needs rights and tools that not every machine gives.
func newInternet(t *testing.T) *internet {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("network namespaces need root")
	}
	for _, tool := range []string{"ip", "nft"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("there is no %s on this machine", tool)
		}
	}
	n := &internet{t, fmt.Sprintf("stoa%d-", os.Getpid())}
	if out, err := exec.Command("ip", "netns", "add", n.prefix+"wan").CombinedOutput(); err != nil {
		t.Skipf("no network namespaces here: %s", out)
	}
	t.Cleanup(func() { n.sh("ip netns del %swan", n.prefix) })
	n.in("wan", "ip link add br0 type bridge")
	n.in("wan", "ip link set br0 up")
	return n
}

// sh runs a command.
func (n *internet) sh(format string, args ...any) {
	n.t.Helper()
	words := strings.Fields(fmt.Sprintf(format, args...))
	if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
		n.t.Fatalf("%s: %v\n%s", strings.Join(words, " "), err, out)
	}
}

// in runs a command in a namespace.
func (n *internet) in(ns, format string, args ...any) {
	n.t.Helper()
	n.sh("ip netns exec %s%s %s", n.prefix, ns, fmt.Sprintf(format, args...))
}

func (n *internet) add(ns string) {
	n.t.Helper()
	n.sh("ip netns add %s%s", n.prefix, ns)
	n.t.Cleanup(func() { n.sh("ip netns del %s%s", n.prefix, ns) })
	n.in(ns, "ip link set lo up")
}

// join puts a namespace on the public wire with an address of 5.5.5.0/24.
func (n *internet) join(ns, addr string) {
	n.t.Helper()
	n.add(ns)
	n.in("wan", "ip link add %s type veth peer name wan0 netns %s%s", ns, n.prefix, ns)
	n.in("wan", "ip link set %s master br0 up", ns)
	n.in(ns, "ip addr add %s/24 dev wan0", addr)
	n.in(ns, "ip link set wan0 up")
}

// hide puts a machine behind a router of its own: it reaches everybody, and nobody
// reaches it unasked.
func (n *internet) hide(ns, router, public, subnet string) {
	n.t.Helper()
	n.join(router, public)
	n.add(ns)
	n.in(router, "ip link add lan0 type veth peer name eth0 netns %s%s", n.prefix, ns)
	n.in(router, "ip addr add %s.1/24 dev lan0", subnet)
	n.in(router, "ip link set lan0 up")
	n.in(ns, "ip addr add %s.2/24 dev eth0", subnet)
	n.in(ns, "ip link set eth0 up")
	n.in(ns, "ip route add default via %s.1", subnet)
	n.in(router, "sysctl -qw net.ipv4.ip_forward=1")
	n.in(router, "nft add table ip nat")
	n.in(router, "nft add chain ip nat post { type nat hook postrouting priority 100 ; }")
	n.in(router, "nft add rule ip nat post oifname wan0 masquerade")
	n.in(router, "nft add table ip guard")
	n.in(router, "nft add chain ip guard forward { type filter hook forward priority 0 ; policy drop ; }")
	n.in(router, "nft add rule ip guard forward iifname lan0 accept")
	n.in(router, "nft add rule ip guard forward ct state established,related accept")
}

// serve runs "stoa serve" in a namespace until the test ends, and returns where it
// is found.
func (n *internet) serve(ns, home string, args ...string) places {
	n.t.Helper()
	serve := process(n.t, home, append([]string{"serve", "--http", ":8080"}, args...)...)
	cmd := exec.Command("ip", append([]string{"netns", "exec", n.prefix + ns, n.binary(serve.Path)}, serve.Args[1:]...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		n.t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(home, "serve.log"))
	if err != nil {
		n.t.Fatal(err)
	}
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { n.end(ns, cmd, log) })
	var at places
	if err := json.NewDecoder(out).Decode(&at); err != nil {
		n.t.Fatalf("%s: %v", ns, err)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // ends with the process
	return at
}

// end stops a node and shows its log if the test has failed.
func (n *internet) end(ns string, cmd *exec.Cmd, log *os.File) {
	_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	if err := cmd.Wait(); err != nil {
		n.t.Errorf("%s ended with %v", ns, err)
	}
	log.Close()
	if text, err := os.ReadFile(log.Name()); err == nil && n.t.Failed() {
		n.t.Logf("%s:\n%.8000s", ns, text)
	}
}

// binary returns a name of the test's program under which it is stoa.
func (n *internet) binary(self string) string {
	name := filepath.Join(n.t.TempDir(), "stoa")
	if err := os.Symlink(self, name); err != nil {
		n.t.Fatal(err)
	}
	return name
}

// public are the addresses that nodes in these tests listen at.
func public() []string {
	return []string{"--listen", "/ip4/0.0.0.0/tcp/4001", "--listen", "/ip4/0.0.0.0/udp/4001/quic-v1"}
}

func TestABrandBehindARouterIsMirroredBehindAnother(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a network of namespaces")
	}
	t.Parallel()
	t.Run("through a hub that mirrors it", func(t *testing.T) { behindRouters(t, true) })
	t.Run("through a hub that knows nothing of it", func(t *testing.T) { behindRouters(t, false) })
}

// behindRouters has a brand and a mirror of it, each behind a router, and a public
// hub, which is a relay and may mirror the brand, too.
func behindRouters(t *testing.T, hubFollows bool) {
	n := newInternet(t)
	n.join("hub", "5.5.5.1")
	n.hide("brand", "router-a", "5.5.5.10", "192.168.7")
	n.hide("mirror", "router-b", "5.5.5.20", "192.168.8")
	hubHome, teaHome, streetHome := newHome(t, "The Hub"), newHome(t, "Corner Tea", "sencha", "assam"), newHome(t, "The Street")
	hub := n.serve("hub", hubHome, append(public(), "--relay")...)
	tea := n.serve("brand", teaHome, append(public(), "--peer", at(t, hub, "/ip4/5.5.5.1/tcp/"))...)
	n.serve("mirror", streetHome, append(public(), "--seed", "http://5.5.5.1:8080")...)
	if hubFollows {
		stoa(t, hubHome, "follow", tea.Brand, "--as", "tea")
	}
	stoa(t, streetHome, "follow", tea.Brand, "--as", "tea")

	street := &openedHome{t: t, home: streetHome}
	within(t, 2*patience, "the brand is mirrored", func() bool { return street.brands()["tea"].Products == 2 })
	t.Log(how(t, streetHome, tea.PeerID))

	n.in("router-a", "ip link set wan0 down")
	set := setPrice(t, teaHome, "11.25")
	time.Sleep(3 * time.Second) // a change over a link that isn't cut takes far less
	if street.brands()["tea"].Seq >= set {
		t.Error("a change came over a link that is cut")
	}
	n.in("router-a", "ip link set wan0 up")
	within(t, 2*patience, "the mirror catches up", func() bool { return street.brands()["tea"].Seq >= set })
	set = setPrice(t, teaHome, "12.50")
	within(t, patience, "changes travel again", func() bool { return street.brands()["tea"].Seq >= set })
}

// at returns the address of a node that begins so.
func at(t *testing.T, p places, prefix string) string {
	t.Helper()
	for _, addr := range p.Listen {
		if strings.HasPrefix(addr, prefix) {
			return addr
		}
	}
	t.Fatalf("no address begins with %s: %v", prefix, p.Listen)
	return ""
}

// setPrice changes the price of the sencha and returns the number of the head.
func setPrice(t *testing.T, home, price string) uint64 {
	t.Helper()
	var r control.HeadResult
	if err := json.Unmarshal([]byte(stoa(t, home, "set-price", "SENCHA", price)), &r); err != nil {
		t.Fatal(err)
	}
	return r.Head.Seq
}

// how says over what a home is connected to a peer.
func how(t *testing.T, home, peer string) string {
	t.Helper()
	var list []control.Peer
	if err := json.Unmarshal([]byte(stoa(t, home, "peers")), &list); err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		if p.Peer == peer {
			return fmt.Sprintf("connected by %s, relayed: %v, %s", p.Transport, p.Relayed, p.Addr)
		}
	}
	return "not connected; the hub is between them"
}
