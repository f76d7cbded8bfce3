package specs_test

import (
	"strings"
	"testing"
)

const module = "github.com/stoa-commerce/stoa"

// floors says how high each part of the house stands: code imports from below,
// never from its own floor's other parts and never from above.
var floors = map[string]int{"protocol": 0, "store": 1, "node": 2, "gateway": 2, "cmd": 3}

// protocolFloors is the same inside protocol; "" is its root.
var protocolFloors = map[string]int{"": 0, "identity": 1, "trie": 1, "catalog": 2, "trade": 3, "thread": 4, "wire": 5}

// confined names foreign packages with the directories that may import them.
var confined = []struct {
	prefix string
	dirs   []string
}{
	{"github.com/libp2p/", []string{"node"}},
	{"github.com/dgraph-io/badger", []string{"store/kv", "cmd/bench"}}, // the bench measures beside bare Badger
	{"html/template", []string{"gateway"}},
}

// impure lists what the protocol must not know: network, disk, clock, chance,
// processes and pages.
var impure = []string{"net", "os", "syscall", "log", "html", "database", "embed", "io/fs", "io/ioutil", "path/filepath", "math/rand", "crypto/rand", "runtime"}

// grammars lists packages below impure ones that only read text.
var grammars = []string{"net/url", "net/mail", "net/netip"}

// complaint returns what is wrong with one import of a package in a directory
// (relative to the module's root), or "".
func complaint(dir, path string) string {
	if inner, ours := within(path, module); ours {
		return complaintOurs(dir, inner)
	}
	for _, c := range confined {
		if strings.HasPrefix(path, c.prefix) && !underAny(dir, c.dirs) {
			return "only " + strings.Join(c.dirs, " and ") + " may import it"
		}
	}
	if part(dir) == "protocol" && underAny(path, impure) && !underAny(path, grammars) {
		return "the protocol is pure"
	}
	return ""
}

func complaintOurs(dir, path string) string {
	from, to := part(dir), part(path)
	if from == "specs" || to == "specs" {
		return complaintSpecs(dir, path)
	}
	if from == "protocol" && to == "protocol" {
		return complaintProtocol(dir, path)
	}
	if from != to && floors[to] >= floors[from] {
		return from + " stands beside or below " + to
	}
	return ""
}

// complaintSpecs lets the generator of vectors use the protocol, and nothing use
// specs but tests, which are not asked here.
func complaintSpecs(dir, path string) string {
	if dir == "specs/generate" && part(path) == "protocol" {
		return ""
	}
	return "specs stands apart"
}

func complaintProtocol(dir, path string) string {
	from, okFrom := protocolFloors[second(dir)]
	to, okTo := protocolFloors[second(path)]
	switch {
	case !okFrom || !okTo:
		return "not a part of protocol that the layout knows"
	case dir != path && second(dir) != second(path) && to >= from:
		return "protocol/" + second(dir) + " stands beside or below protocol/" + second(path)
	}
	return ""
}

// part returns the first element of a path, second the second one or "".
func part(path string) string { first, _, _ := strings.Cut(path, "/"); return first }

func second(path string) string {
	_, rest, _ := strings.Cut(path, "/")
	return part(rest)
}

// within strips a prefix that is path itself or a directory above it.
func within(path, prefix string) (rest string, ok bool) {
	if path == prefix {
		return "", true
	}
	return strings.CutPrefix(path, prefix+"/")
}

func underAny(path string, prefixes []string) bool {
	for _, p := range prefixes {
		if _, ok := within(path, p); ok {
			return true
		}
	}
	return false
}

func TestTheLayoutRulesKnowRightFromWrong(t *testing.T) {
	cases := []struct {
		dir, path string
		allowed   bool
	}{
		{"store", module + "/protocol/catalog", true},
		{"node/importer", module + "/store/kv", true},
		{"gateway/shop", module + "/store", true},
		{"cmd/stoa", module + "/gateway", true},
		{"cmd/stoa", module + "/cmd/stoa/demo", true},
		{"specs/generate", module + "/protocol/trie", true},
		{"protocol/catalog", module + "/protocol/trie", true},
		{"protocol/catalog", module + "/protocol", true},
		{"protocol/catalog", "net/url", true},
		{"node/p2p", "github.com/libp2p/go-libp2p", true},
		{"store/kv", "github.com/dgraph-io/badger/v4", true},
		{"gateway/web", "html/template", true},
		{"protocol", "net/http", false},
		{"protocol", "net", false},
		{"protocol", "math/rand/v2", false},
		{"protocol/identity", "os", false},
		{"protocol/identity", module + "/protocol/trie", false},
		{"protocol/trie", module + "/protocol/catalog", false},
		{"protocol", module + "/protocol/trie", false},
		{"protocol/trade", module + "/protocol/helpers", false},
		{"protocol", module + "/store", false},
		{"store", module + "/node", false},
		{"node", module + "/gateway/shop", false},
		{"gateway", module + "/node/keys", false},
		{"gateway", module + "/cmd/stoa", false},
		{"store", module + "/specs/vectors", false},
		{"specs/generate", module + "/node", false},
		{"store", "github.com/dgraph-io/badger/v4", false},
		{"gateway", "github.com/libp2p/go-libp2p/core/peer", false},
		{"node", "html/template", false},
	}
	for _, c := range cases {
		if got := complaint(c.dir, c.path); (got == "") != c.allowed {
			t.Errorf("%s imports %s: %q", c.dir, c.path, got)
		}
	}
}
