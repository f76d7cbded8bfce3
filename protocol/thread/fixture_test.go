package thread

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/specs/vectors"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// hexBytes are bytes as vectors hold them.
type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

func (h hexBytes) secret() [32]byte { return [32]byte(h) }

// vectorsOf returns the cases of a file.
func vectorsOf[V any](t testing.TB, file string) []V {
	t.Helper()
	data, err := vectors.FS.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Cases []V }
	if err := json.Unmarshal(data, &set); err != nil {
		t.Fatal(err)
	}
	return set.Cases
}

// eachVector runs the cases of a file.
func eachVector[V any](t *testing.T, file string, least int, name func(V) string, run func(t *testing.T, v V)) {
	cases := vectorsOf[V](t, file)
	if len(cases) < least {
		t.Fatalf("%d cases", len(cases))
	}
	for _, v := range cases {
		t.Run(name(v), func(t *testing.T) { run(t, v) })
	}
}

// verdictOf checks that something is refused exactly if it must be, for the reason
// that the class names.
func verdictOf(t *testing.T, valid bool, class string, err error) {
	t.Helper()
	if (err == nil) != valid {
		t.Fatalf("valid should be %v: %v", valid, err)
	}
	classes := map[string]error{"signature": ErrSignature, "sealed": ErrSealed, "unsupported": ErrUnsupported, "form": protocol.ErrInvalid, "key": protocol.ErrInvalid, "padding": protocol.ErrInvalid, "code": protocol.ErrInvalid, "link": protocol.ErrInvalid, "body": protocol.ErrInvalid}
	if !valid && (classes[class] == nil || !errors.Is(err, classes[class])) {
		t.Errorf("not refused as %q: %v", class, err)
	}
}
