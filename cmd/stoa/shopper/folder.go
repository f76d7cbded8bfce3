package shopper

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// ErrInUse means that another process has the folder.
var ErrInUse = errors.New("the shopper's folder is in use by another command")

// folder is where a shopper keeps what must survive the process:
//
//	lock              held while the folder is open
//	code              the recovery code
//	person            who orders and where to, as last given
//	{brand}.state     keys, cursors and the outbox of a conversation
//	{brand}.log       what the brand has committed in it, one frame an entry
//
// Both files are written and synced before anything of them is sent or said.
type folder struct {
	dir  string
	lock *os.File
}

// openFolder opens a folder, makes it if there is none, and takes it.
func openFolder(dir string) (*folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("shopper's folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("shopper's folder: %w", err)
	}
	if err := lock(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &folder{dir: dir, lock: f}, nil
}

func (f *folder) close() error { return f.lock.Close() }

// code returns the folder's recovery code, drawn when there is none yet.
func (f *folder) code() (thread.Code, error) {
	name := filepath.Join(f.dir, "code")
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		var c thread.Code
		_, _ = rand.Read(c[:]) // never fails
		return c, f.setCode(c)
	}
	if err != nil {
		return thread.Code{}, err
	}
	c, err := thread.ParseCode(string(bytes.TrimSpace(text)))
	if err != nil {
		return c, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

func (f *folder) setCode(c thread.Code) error {
	return f.write("code", []byte(c.String()+"\n"))
}

// brands are those with which there are conversations.
func (f *folder) brands() (out []protocol.CID, err error) {
	files, err := os.ReadDir(f.dir)
	for _, file := range files {
		name, is := strings.CutSuffix(file.Name(), ".state")
		if brand, err := protocol.ParseCID(name); is && err == nil {
			out = append(out, brand)
		}
	}
	return out, err
}

// load returns the state and the log of the conversation with a brand; nil when there
// is none.
func (f *folder) load(brand protocol.CID) (state []byte, log [][]byte, err error) {
	state, err = os.ReadFile(f.name(brand, "state"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err == nil {
		log, err = f.frames(brand)
	}
	return state, log, err
}

func (f *folder) name(brand protocol.CID, kind string) string {
	return filepath.Join(f.dir, brand.String()+"."+kind)
}

// frames reads a log. What a crash left half-written at its end is cut off.
func (f *folder) frames(brand protocol.CID) (log [][]byte, err error) {
	data, err := os.ReadFile(f.name(brand, "log"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for r := bytes.NewReader(data); ; {
		whole := int64(len(data)) - int64(r.Len())
		frame, err := wire.ReadFrame(r, maxFrame)
		if errors.Is(err, io.EOF) {
			return log, nil
		}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return log, os.Truncate(f.name(brand, "log"), whole)
		}
		if err != nil {
			return nil, fmt.Errorf("log of the conversation with %s: %w", brand, err)
		}
		log = append(log, frame)
	}
}

// maxFrame is the largest frame of a log in bytes: an entry, its commit and a body.
const maxFrame = 128 << 10

// append adds frames to a log, durably.
func (f *folder) append(brand protocol.CID, frames [][]byte) error {
	var b bytes.Buffer
	for _, frame := range frames {
		if err := wire.WriteFrame(&b, frame, maxFrame); err != nil {
			return err
		}
	}
	out, err := os.OpenFile(f.name(brand, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = out.Write(b.Bytes())
	return errors.Join(err, out.Sync(), out.Close())
}

// forget removes a conversation.
func (f *folder) forget(brand protocol.CID) error {
	for _, kind := range []string{"state", "log"} {
		if err := os.Remove(f.name(brand, kind)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// save replaces the state, durably.
func (f *folder) save(brand protocol.CID, state []byte) error {
	return f.write(filepath.Base(f.name(brand, "state")), state)
}

// write replaces a file: whenever the process is killed, the old one or the new one
// is there whole.
func (f *folder) write(name string, data []byte) error {
	out, err := os.CreateTemp(f.dir, name+"-*") // 0600
	if err != nil {
		return err
	}
	_, err = out.Write(data)
	if err = errors.Join(err, out.Sync(), out.Close()); err == nil {
		err = os.Rename(out.Name(), filepath.Join(f.dir, name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(out.Name()))
	}
	dir, err := os.Open(f.dir)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
