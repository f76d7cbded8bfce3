package threads

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
)

// SettingRestored holds since when the node is one that came from a backup, as
// milliseconds in 8 bytes. Threads of before wait for their shoppers until the brand
// says something in them by itself.
const SettingRestored = "threads.restored"

// MarkRestored notes that the node came from a backup, or can't exclude it. Calling it
// again moves the time forward.
func MarkRestored(ctx context.Context, s *store.Store, now protocol.Millis) error {
	return s.UpdateOwn(ctx, func(o *store.OwnTxn) error {
		return o.PutSetting(SettingRestored, binary.BigEndian.AppendUint64(nil, uint64(now)))
	})
}

// Restored takes notice of MarkRestored while the desk is at work.
func (d *Desk) Restored(now protocol.Millis) { d.since.Store(int64(now)) }

func (d *Desk) restored() protocol.Millis { return protocol.Millis(d.since.Load()) }

func (d *Desk) readRestored(ctx context.Context) error {
	b, err := d.store.Setting(ctx, SettingRestored)
	if err != nil || b == nil {
		return err
	}
	if len(b) != 8 {
		return fmt.Errorf("setting %s has %d bytes", SettingRestored, len(b))
	}
	d.since.Store(int64(binary.BigEndian.Uint64(b)))
	return nil
}
