package node

import (
	"flag"
	"os"
	"strconv"
	"testing"
)

// TestMain keeps the property tests short, for each of their steps writes to disk.
// STOA_LONG multiplies their length.
func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if !given {
		_ = flag.Set("rapid.checks", strconv.Itoa(20*long())) // a number that rapid takes
	}
	os.Exit(m.Run())
}

func long() int {
	n, err := strconv.Atoi(os.Getenv("STOA_LONG"))
	if err != nil || n < 1 {
		return 1
	}
	return n
}
