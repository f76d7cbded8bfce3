package main

import (
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/cmd/stoa/control"
	"github.com/stoa-commerce/stoa/node"
	"github.com/stoa-commerce/stoa/store"
)

// restored marks a home as one that came back from a backup.
func restored(t *testing.T, home string) {
	t.Helper()
	n, err := node.Open(t.Context(), (&app{home: home}).options(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	mark := func(o *store.OwnTxn) error { return o.PutSetting(store.SettingRestored, []byte("12345678")) }
	if err := n.Store().UpdateOwn(t.Context(), mark); err != nil {
		t.Error(err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestStatusSaysThatStockIsInReview(t *testing.T) {
	home, list := t.TempDir(), filepath.Join(t.TempDir(), "list.csv")
	stoa(t, home, "init", "--name", "Corner Tea")
	write(t, list, []byte("Handle,Title,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Price\nsencha,Sencha,SEN,shopify,5,9.50\nassam,Assam,ASS,,,7.00\n"))
	stoa(t, home, "import", list)
	inReview := func() int {
		var st struct{ StockInReview int }
		if err := json.Unmarshal([]byte(stoa(t, home, "status")), &st); err != nil {
			t.Fatal(err)
		}
		return st.StockInReview
	}
	if n := inReview(); n != 0 {
		t.Errorf("%d variants of a fresh shop are in review", n)
	}
	restored(t, home)
	if n := inReview(); n != 1 {
		t.Errorf("%d variants are in review, one is tracked", n)
	}
	var text, warned strings.Builder
	if code := run(t.Context(), []string{"status", "--home", home}, tty{in: strings.NewReader(""), out: &text, err: &warned}); code != exitDone || !strings.Contains(warned.String(), "stoa stock --reviewed") {
		t.Errorf("exit %d\n%s%s", code, text.String(), warned.String())
	}
	var stocks []control.Stock
	if err := json.Unmarshal([]byte(stoa(t, home, "stock", "--reviewed")), &stocks); err != nil || len(stocks) != 1 || inReview() != 0 {
		t.Errorf("%v, %+v, %d in review", err, stocks, inReview())
	}
}

func TestAShopThatOpensSaysWhatItsTermsLack(t *testing.T) {
	for _, c := range []struct {
		home  string
		warns bool
	}{{newHome(t, "Corner Tea", "sencha"), true}, {teaShop(t), false}, {newHome(t, "The Street"), false}} {
		cmd := process(t, c.home, "serve", "--http", "localhost:0", "--admin", "localhost:0", "--listen", "none")
		var log diary
		cmd.Stderr = &log
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var at places
		err = json.NewDecoder(out).Decode(&at)
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		if err != nil || strings.Contains(log.text(), "tax is not set") != c.warns {
			t.Errorf("%v, warned of tax: want %v\n%s", err, c.warns, log.text())
		}
	}
}
