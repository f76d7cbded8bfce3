package badgerkv

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/y"

	"github.com/stoa-commerce/stoa/store/kv"
)

// translate adds the sentinel of package kv that an error of Badger stands for.
func translate(err error) error {
	if s := sentinel(err); s != nil && !errors.Is(err, s) {
		return fmt.Errorf("%w: %w", s, err)
	}
	return err
}

// sentinel also looks at the text, for Badger flattens the errors it wraps.
func sentinel(err error) error {
	if err == nil {
		return nil
	}
	for _, m := range []struct{ is, means error }{
		{badger.ErrKeyNotFound, kv.ErrNotFound},
		{badger.ErrTxnTooBig, kv.ErrTooLarge},
		{badger.ErrConflict, kv.ErrConflict},
		{badger.ErrDBClosed, kv.ErrClosed},
		{badger.ErrBlockedWrites, kv.ErrClosed},
		{badger.ErrDiscardedTxn, kv.ErrClosed},
		{y.ErrChecksumMismatch, kv.ErrCorrupt},
		{badger.ErrTruncateNeeded, kv.ErrCorrupt},
		{syscall.ENOSPC, kv.ErrNoSpace},
		{syscall.EDQUOT, kv.ErrNoSpace},
		{syscall.EWOULDBLOCK, kv.ErrInUse},
	} {
		if errors.Is(err, m.is) || strings.Contains(err.Error(), m.is.Error()) {
			return m.means
		}
	}
	return nil
}

// guard runs one call into Badger and turns its panic, which damaged blocks
// can cause before their checksum is looked at, into ErrCorrupt.
func guard(what string, key []byte, call func() error) (err error) {
	defer func() {
		p := recover()
		if e, ok := p.(error); ok && sentinel(e) == kv.ErrClosed {
			err = e
		} else if p != nil {
			err = fmt.Errorf("%w: %s key %q: %v", kv.ErrCorrupt, what, key, p)
		}
	}()
	return call()
}
