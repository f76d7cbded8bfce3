package badgerkv

import (
	"fmt"
	"testing"

	"github.com/stoa-commerce/stoa/store/kv"
)

// Nothing of a bulk write arrives after it was discarded: what removes its rows then
// removes all of them.
func TestADiscardedBulkLeavesNothingOnItsWay(t *testing.T) {
	d := open(t, Options{Dir: t.TempDir()})
	for range 20 {
		b, err := d.Bulk(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 * bulkPiece / 1024 {
			if err := b.Set(fmt.Appendf(nil, "row/%d", i), make([]byte, 1000)); err != nil {
				t.Fatal(err)
			}
		}
		b.Discard()
		if _, err := kv.DeleteRange(t.Context(), d, kv.Prefix([]byte("row/"))); err != nil {
			t.Fatal(err)
		}
	}
	err := d.View(t.Context(), func(r kv.Reader) error {
		for item := range r.Scan(kv.Prefix([]byte("row/")), kv.ScanOptions{}) {
			t.Errorf("%s is still there", item.Key)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
