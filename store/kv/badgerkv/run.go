package badgerkv

import (
	"context"
	"errors"
	"time"

	"github.com/stoa-commerce/stoa/store/kv"
)

// verifyRest makes a check in the background use a fifth of one core and disk.
const verifyRest = 4

// Run implements kv.Engine: it checks all tables, at once if Open could not
// check all, and then every Options.VerifyEvery. Space is reclaimed without
// it, by Badger's compactions.
func (d *DB) Run(ctx context.Context) error {
	wait := d.opt.VerifyEvery
	if d.tableBytes() > d.opt.VerifyAtOpen {
		wait = 0
	}
	for {
		if d.sleep(ctx, wait) != nil {
			return nil
		}
		err := d.verify(ctx, verifyRest)
		if ctx.Err() != nil || errors.Is(err, kv.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		wait = max(d.opt.VerifyEvery, time.Second)
	}
}

func (d *DB) tableBytes() (total int64) {
	if !d.gate.Enter() {
		return 0
	}
	defer d.gate.Leave()
	for _, t := range d.bdg.Tables() {
		total += int64(t.OnDiskSize)
	}
	return total
}
