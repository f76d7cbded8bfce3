package shopper

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
)

// Shopper is one shopper with the conversations that they have, one with each brand.
// It is not safe for concurrent use.
type Shopper struct {
	folder *folder // nil: nothing is kept
	code   thread.Code
}

// Open opens a shopper's folder and makes it when there is none. The folder is this
// process's until Close; ErrInUse means that it is another's.
func Open(dir string) (*Shopper, error) {
	f, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	code, err := f.code()
	if err != nil {
		return nil, errors.Join(err, f.close())
	}
	return &Shopper{folder: f, code: code}, nil
}

// OpenExisting is Open for a folder that must be there. The error wraps
// fs.ErrNotExist when it isn't.
func OpenExisting(dir string) (*Shopper, error) {
	if _, err := os.Stat(filepath.Join(dir, "code")); err != nil {
		return nil, fmt.Errorf("%s is no folder of a shopper: %w", dir, err)
	}
	return Open(dir)
}

// New returns a shopper that keeps nothing: for load generators and tests.
func New() *Shopper {
	var c thread.Code
	_, _ = rand.Read(c[:]) // never fails
	return &Shopper{code: c}
}

// Close gives the folder back.
func (s *Shopper) Close() error {
	if s.folder == nil {
		return nil
	}
	return s.folder.close()
}

// Code is what everything of the shopper can be recovered from.
func (s *Shopper) Code() thread.Code { return s.code }

// ErrHasCode means that the folder's conversations belong to another code.
var ErrHasCode = errors.New("this folder has conversations under another code: use an empty one")

// SetCode makes the folder one of the shopper with the code. It must have no
// conversations yet.
func (s *Shopper) SetCode(c thread.Code) error {
	if c == s.code {
		return nil
	}
	if s.folder != nil {
		if brands, err := s.folder.brands(); len(brands) > 0 || err != nil {
			return errors.Join(err, ErrHasCode)
		}
		if err := s.folder.setCode(c); err != nil {
			return err
		}
	}
	s.code = c
	return nil
}

// identity is the seed of the shopper's key towards a brand.
func (s *Shopper) identity(brand protocol.CID) [32]byte {
	return thread.IdentitySeed(s.code.Seed(), brand)
}

// Conversation returns the one with the brand as it was left, or a new one. Nothing is
// sent yet.
func (s *Shopper) Conversation(b *Brand) (*Conversation, error) {
	c := newConversation(s, b)
	if s.folder == nil {
		return c, nil
	}
	data, log, err := s.folder.load(b.ID)
	if err != nil || data == nil {
		return c, err
	}
	if c.state, err = decodeState(data); err != nil {
		return nil, err
	}
	if err := c.restore(log); err != nil {
		return nil, fmt.Errorf("conversation with %s: %w", b.ID, err)
	}
	c.moved()
	return c, nil
}
