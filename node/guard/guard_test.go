package guard

import (
	"errors"
	"net/netip"
	"testing"
)

func TestOnlyAddressesOfThePublicInternetAreSpokenTo(t *testing.T) {
	for _, c := range []struct {
		address string
		public  bool
		about   string
	}{
		{"8.8.8.8", true, "anywhere"},
		{"1.1.1.1", true, "anywhere"},
		{"9.255.255.255", true, "just before 10/8"},
		{"11.0.0.0", true, "just behind 10/8"},
		{"100.63.255.255", true, "just before the carriers'"},
		{"100.128.0.0", true, "just behind the carriers'"},
		{"172.15.255.255", true, "just before 172.16/12"},
		{"172.32.0.0", true, "just behind 172.16/12"},
		{"198.17.255.255", true, "just before benchmarks"},
		{"223.255.255.255", true, "just before multicast"},
		{"2606:4700::1111", true, "anywhere in IPv6"},
		{"2a00:1450:4001::1", true, "anywhere in IPv6"},
		{"::ffff:8.8.8.8", true, "an IPv4 socket's name for a public address"},

		{"0.0.0.0", false, "unspecified"},
		{"0.1.2.3", false, "this network"},
		{"10.0.0.1", false, "private"},
		{"100.64.0.1", false, "carrier"},
		{"127.0.0.1", false, "loopback"},
		{"127.255.255.254", false, "loopback"},
		{"169.254.169.254", false, "cloud metadata"},
		{"172.16.0.1", false, "private"},
		{"172.31.255.255", false, "private"},
		{"192.0.0.8", false, "protocol assignment"},
		{"192.0.2.1", false, "documentation"},
		{"192.88.99.1", false, "6to4 relay"},
		{"192.168.1.1", false, "private"},
		{"198.18.0.1", false, "benchmarks"},
		{"198.19.255.255", false, "benchmarks"},
		{"198.51.100.7", false, "documentation"},
		{"203.0.113.7", false, "documentation"},
		{"224.0.0.1", false, "multicast"},
		{"239.255.255.255", false, "multicast"},
		{"240.0.0.1", false, "reserved"},
		{"255.255.255.255", false, "broadcast"},

		{"::", false, "unspecified"},
		{"::1", false, "loopback"},
		{"::127.0.0.1", false, "IPv4-compatible"},
		{"::8.8.8.8", false, "IPv4-compatible"},
		{"::ffff:127.0.0.1", false, "mapped loopback"},
		{"::ffff:10.0.0.1", false, "mapped private"},
		{"::ffff:169.254.169.254", false, "mapped metadata"},
		{"::ffff:0:127.0.0.1", false, "translated"},
		{"64:ff9b::7f00:1", false, "NAT64 loopback"},
		{"64:ff9b::808:808", false, "NAT64"},
		{"64:ff9b:1::1", false, "local NAT64"},
		{"100::1", false, "discard"},
		{"2001::1", false, "Teredo"},
		{"2001:2::1", false, "benchmarks"},
		{"2001:10::1", false, "ORCHID"},
		{"2001:20::1", false, "ORCHID 2"},
		{"2001:db8::1", false, "documentation"},
		{"2002:7f00:1::", false, "6to4 loopback"},
		{"2002:808:808::1", false, "6to4"},
		{"3fff::1", false, "documentation"},
		{"5f00::1", false, "segment routing"},
		{"fc00::1", false, "unique local"},
		{"fd12:3456::1", false, "unique local"},
		{"fe80::1", false, "link-local"},
		{"fe80::1%eth0", false, "link-local with a zone"},
		{"2606:4700::1111%eth0", false, "a zone has no place in public"},
		{"fec0::1", false, "site-local"},
		{"ff02::1", false, "multicast"},
	} {
		if got := Public(netip.MustParseAddr(c.address)); got != c.public {
			t.Errorf("%s (%s): public = %v", c.address, c.about, got)
		}
	}
	if Public(netip.Addr{}) {
		t.Error("no address at all counts as public")
	}
}

func TestConnectionsAreCheckedWhereTheyAreMade(t *testing.T) {
	control := Control(PublicWeb)
	for address, ok := range map[string]bool{
		"8.8.8.8:443":          true,
		"[2606:4700::1]:80":    true,
		"8.8.8.8:22":           false,
		"8.8.8.8:8080":         false,
		"10.0.0.1:443":         false,
		"[::ffff:10.0.0.1]:80": false,
		"not an address":       false,
	} {
		err := control("tcp", address, nil)
		if ok != (err == nil) || err != nil && !errors.Is(err, ErrForbiddenAddress) {
			t.Errorf("%s: %v", address, err)
		}
	}
}
