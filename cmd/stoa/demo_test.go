package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stoa-commerce/stoa/cmd/stoa/control"
	"github.com/stoa-commerce/stoa/cmd/stoa/demo"
)

func TestTheDemosShopsGoThroughThePublicCommands(t *testing.T) {
	for _, b := range demo.Brands() {
		t.Run(b.Folder, func(t *testing.T) {
			home, files := t.TempDir(), t.TempDir()
			card, err := cardOf(b)
			if err != nil {
				t.Fatal(err)
			}
			list := filepath.Join(files, "products.csv")
			shop := filepath.Join(files, "shop.json")
			for name, data := range map[string][]byte{list: b.Products, shop: b.Shop} {
				if err := os.WriteFile(name, data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			stoa(t, home, "init", "--name", card.Name, "--currency", card.Currency, "--country", card.Country)
			stoa(t, home, "import", list)
			stoa(t, home, "apply", shop)
			var products []control.Product
			if err := json.Unmarshal([]byte(stoa(t, home, "products")), &products); err != nil {
				t.Fatal(err)
			}
			if len(products) < 24 {
				t.Errorf("%d products; a range worth opening has 24", len(products))
			}
			var again control.ApplyResult
			if err := json.Unmarshal([]byte(stoa(t, home, "apply", shop)), &again); err != nil || again.Changed {
				t.Errorf("applying the shop again changed it: %v", err)
			}
		})
	}
}
