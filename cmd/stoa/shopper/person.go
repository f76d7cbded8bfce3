package shopper

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/stoa-commerce/stoa/protocol/trade"
)

// Person is who orders and where to: what a folder remembers for the next order.
type Person struct {
	Contact trade.Contact `json:"contact"`
	Address trade.Address `json:"address"`
}

// Person returns what was remembered, the zero value before anything was.
func (s *Shopper) Person() (p Person, err error) {
	if s.folder == nil {
		return p, nil
	}
	name := filepath.Join(s.folder.dir, "person")
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &p)
	}
	if err != nil {
		return p, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// Remember keeps who orders for the next time.
func (s *Shopper) Remember(p Person) error {
	if s.folder == nil {
		return nil
	}
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return s.folder.write("person", data)
}
