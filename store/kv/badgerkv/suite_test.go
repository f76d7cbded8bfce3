package badgerkv

import (
	"testing"

	"github.com/stoa-commerce/stoa/store/kv"
	"github.com/stoa-commerce/stoa/store/kv/kvtest"
)

func TestDiskPassesSuite(t *testing.T) {
	kvtest.Run(t, func(t testing.TB) kv.Engine { return open(t, Options{Dir: t.TempDir()}) })
}

func TestMemoryPassesSuite(t *testing.T) {
	kvtest.Run(t, func(t testing.TB) kv.Engine { return open(t, Options{InMemory: true}) })
}

func open(t testing.TB, o Options) *DB {
	t.Helper()
	d, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}
