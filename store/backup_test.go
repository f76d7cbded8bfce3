package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv"
	"github.com/stoa-commerce/stoa/store/kv/memkv"
	"github.com/stoa-commerce/stoa/store/slots"
)

// fileDesk has its keys in files and its rows in memory.
func fileDesk(t *testing.T) *desk {
	d := memDesk(t)
	d.folder = t.TempDir()
	d.Store.Close()
	d.open()
	return d
}

// rows is a backup of the rows.
func (d *desk) rows() []byte {
	d.t.Helper()
	var b bytes.Buffer
	d.check(kv.Backup(d.t.Context(), d.engine, &b))
	return b.Bytes()
}

// restore puts rows in the place of the present ones, and keeps the present keys.
func (d *desk) restore(rows []byte) {
	d.t.Helper()
	d.close()
	d.engine = memkv.New()
	d.check(store.Restore(d.t.Context(), d.engine, bytes.NewReader(rows)))
	d.open()
}

func (d *desk) restored() bool {
	d.t.Helper()
	b, err := d.Setting(d.t.Context(), store.SettingRestored)
	d.check(err)
	return b != nil
}

func TestARestoredStoreErasesAgainAndUsesNoKeyTwice(t *testing.T) {
	for _, orders := range []int{0, 1} {
		d := fileDesk(t)
		d.begin(3, 5)
		d.order(1, orders)
		var rows, keys bytes.Buffer
		d.check(d.Backup(t.Context(), &rows, &keys))
		d.check(d.Erase(t.Context(), cid("thread", 1), 99))
		d.trade(func(tx *store.TradeTxn) error { return tx.PutThread(newThread(7)) })
		used := d.slotsOf(7)
		d.restore(rows.Bytes())
		if !d.restored() {
			t.Error("nobody is told")
		}
		d.isErased(1, orders)
		d.isThere(0, 5)
		d.trade(func(tx *store.TradeTxn) error { return tx.PutThread(newThread(8)) })
		if again := d.slotsOf(8); again[0] <= used[1] {
			t.Errorf("keys %v are taken after %v were", again, used)
		}
		d.check(d.UpdateOwn(t.Context(), func(o *store.OwnTxn) error { return o.DeleteSetting(store.SettingRestored) }))
		d.reopen()
		if d.restored() {
			t.Error("told again")
		}
		d.isErased(1, orders)
	}
}

func (d *desk) reopen() {
	d.t.Helper()
	d.Store.Close()
	d.engine = d.engine.(*memkv.Engine).Reopen()
	d.open()
}

func (d *desk) slotsOf(thread int) (list [2]uint32) {
	d.t.Helper()
	d.read(func(v *store.DeskView) (err error) {
		list[0], list[1], err = v.KeysOf(cid("thread", thread))
		return err
	})
	return list
}

// TestAnOlderCopyOfTheStoreIsNoticed puts one in place without telling anybody.
func TestAnOlderCopyOfTheStoreIsNoticed(t *testing.T) {
	d := fileDesk(t)
	d.begin(2, 3)
	rows := d.rows()
	d.trade(func(tx *store.TradeTxn) error { return tx.PutThread(newThread(7)) })
	used := d.slotsOf(7)
	d.close()
	d.engine = memkv.New()
	d.check(kv.Restore(t.Context(), d.engine, bytes.NewReader(rows)))
	d.open()
	if !d.restored() {
		t.Error("nobody is told")
	}
	d.isThere(0, 3)
	d.trade(func(tx *store.TradeTxn) error { return tx.PutThread(newThread(8)) })
	if again := d.slotsOf(8); again[0] <= used[1] {
		t.Errorf("keys %v are taken after %v were", again, used)
	}
}

func TestAnErasureIsMadeAgainOnOlderRowsAndKeys(t *testing.T) {
	d := fileDesk(t)
	d.begin(3, 5)
	rows := d.rows()
	path := filepath.Join(d.folder, slots.KeysName)
	keys, err := os.ReadFile(path)
	d.check(err)
	d.check(d.Erase(t.Context(), cid("thread", 1), 99))
	d.check(os.WriteFile(path, keys, 0o600))
	d.restore(rows)
	d.isErased(1, 0)
	d.isThere(2, 5)
}

func TestABackupOpensOnAnotherMachineWithItsKeys(t *testing.T) {
	d := fileDesk(t)
	d.begin(2, 5)
	d.check(d.Erase(t.Context(), cid("thread", 1), 99))
	var rows, keys bytes.Buffer
	d.check(d.Backup(t.Context(), &rows, &keys))
	for _, text := range []string{"body 1 of 0", string(newThread(0).Secrets[0].Secret[:])} {
		if bytes.Contains(rows.Bytes(), []byte(text)) {
			t.Errorf("the rows hold %q", text)
		}
	}
	d.folder = t.TempDir()
	done, err := slots.RestoreFolder(d.folder, &keys)
	if err != nil || !done {
		t.Fatalf("%v, %v", done, err)
	}
	d.restore(rows.Bytes())
	d.isThere(0, 5)
	d.isErased(1, 0)
}

func TestAStoreDoesNotOpenWithoutItsKeys(t *testing.T) {
	d := fileDesk(t)
	d.begin(1, 1)
	d.Store.Close()
	_, err := store.OpenIn(t.Context(), d.engine, t.TempDir())
	if !errors.Is(err, store.ErrKeys) {
		t.Errorf("got %v", err)
	}
}
