package pictures

import (
	"errors"
	"testing"
)

func TestConnectionsAreCheckedWhereTheyAreMade(t *testing.T) {
	s := New(Options{})
	for address, ok := range map[string]bool{
		"8.8.8.8:443":          true,
		"[2606:4700::1]:80":    true,
		"8.8.8.8:22":           false,
		"8.8.8.8:8080":         false,
		"10.0.0.1:443":         false,
		"[::ffff:10.0.0.1]:80": false,
		"not an address":       false,
	} {
		err := s.control("tcp", address, nil)
		if ok != (err == nil) || err != nil && !errors.Is(err, ErrForbiddenAddress) {
			t.Errorf("%s: %v", address, err)
		}
	}
}
