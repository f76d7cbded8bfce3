package badgerkv

import (
	"bytes"

	"github.com/dgraph-io/badger/v4"

	"github.com/stoa-commerce/stoa/store/kv"
)

// scan is one walk over a range.
type scan struct {
	*reader
	rg    kv.Range
	opt   kv.ScanOptions
	yield func(kv.Item, error) bool
	it    *badger.Iterator
}

// run walks until the range, the limit or the caller's patience ends. An
// error it returns has not been yielded.
func (s *scan) run() error {
	if err := s.start(); err != nil {
		return err
	}
	defer s.it.Close()
	for n := 0; s.it.Valid(); n++ {
		item := s.it.Item()
		if s.beyond(item.Key()) || (s.opt.Limit > 0 && n == s.opt.Limit) {
			return nil
		}
		if more, err := s.step(item); !more {
			return err
		}
		if err := s.move("step from", item.Key(), s.it.Next); err != nil {
			return err
		}
	}
	return s.interrupted()
}

// start opens the iterator at the first item of the range.
func (s *scan) start() error {
	if err := s.interrupted(); err != nil {
		return err
	}
	from := s.rg.Start
	if s.opt.Reverse {
		from = s.rg.End
	}
	err := s.move("open at", from, func() {
		s.it = s.txn.NewIterator(badger.IteratorOptions{Reverse: s.opt.Reverse, Prefix: s.hint()})
	})
	if err != nil {
		return err
	}
	if err := s.move("seek", from, func() { s.it.Seek(from) }); err != nil {
		s.it.Close()
		return err
	}
	return s.skipEnd()
}

// skipEnd moves a downward scan off the end of the range, which is not in it.
func (s *scan) skipEnd() error {
	if !s.opt.Reverse || s.rg.End == nil || !s.it.Valid() || bytes.Compare(s.it.Item().Key(), s.rg.End) < 0 {
		return nil
	}
	err := s.move("step from", s.rg.End, s.it.Next)
	if err != nil {
		s.it.Close()
	}
	return err
}

func (s *scan) move(what string, key []byte, do func()) error {
	return s.db.guard(what, key, func() error { do(); return nil })
}

func (s *scan) interrupted() error {
	if s.db.gate.IsShut() {
		return kv.ErrClosed
	}
	return s.stopped()
}

// step yields one item and says whether to go on.
func (s *scan) step(item *badger.Item) (bool, error) {
	if err := s.interrupted(); err != nil {
		return false, err
	}
	out := kv.Item{Key: item.Key()}
	if !s.opt.KeysOnly {
		err := item.Value(func(v []byte) error { out.Value = v; return nil })
		if err != nil {
			return false, translate(err)
		}
		if out.Value == nil {
			out.Value = []byte{}
		}
	}
	return s.yield(out, nil), nil
}

// beyond says whether key lies past the far side of the range.
func (s *scan) beyond(key []byte) bool {
	if s.opt.Reverse {
		return bytes.Compare(key, s.rg.Start) < 0
	}
	return s.rg.End != nil && bytes.Compare(key, s.rg.End) >= 0
}

// hint is a prefix that lets Badger leave out tables. All keys of the range
// have it. Upwards it also ends the search at the last of them; downwards the
// end of the range, where the search begins, must have it too.
func (s *scan) hint() []byte {
	start, end := s.rg.Start, s.rg.End
	n := 0
	for n < len(start) && n < len(end) && start[n] == end[n] {
		n++
	}
	if !s.opt.Reverse && n < len(start) && n == len(end)-1 && start[n]+1 == end[n] {
		n++ // end is the successor of the longer prefix
	}
	return start[:n]
}
