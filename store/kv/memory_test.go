package kv

import "iter"

// memory is a Reader over pairs of key and value, in the order given.
type memory []string

func (m memory) Get([]byte) ([]byte, error) { return nil, ErrNotFound }
func (m memory) Has([]byte) (bool, error)   { return false, nil }

func (m memory) Scan(Range, ScanOptions) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for i := 0; i < len(m); i += 2 {
			if !yield(Item{[]byte(m[i]), []byte(m[i+1])}, nil) {
				return
			}
		}
	}
}
