package mailbox

import (
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// maxFull is how many full boxes are remembered; the brand tries the others by itself.
const maxFull = 4096

func (l *line) noteFull(id protocol.CID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.full) < maxFull {
		l.full[id] = true
	}
}

// read notes that a device has read on in a box.
func (l *line) read(id protocol.CID) {
	l.mu.Lock()
	was := l.full[id]
	if was {
		delete(l.full, id)
		l.roomy = append(l.roomy, id)
	}
	l.mu.Unlock()
	if was {
		signal(l.more)
	}
}

// tellRoom tells the brand of boxes that have room again.
func (l *line) tellRoom() error {
	l.mu.Lock()
	roomy := l.roomy
	l.roomy = nil
	l.mu.Unlock()
	for _, id := range roomy {
		if err := l.pipe.write(&wire.MailRoom{Thread: id}); err != nil {
			return err
		}
	}
	return nil
}

// wereFull notes boxes that had no room, after the brand was told so: that there is
// room again, which a device may have made meanwhile, is to come behind it.
func (l *line) wereFull(threads []protocol.CID) error {
	for _, id := range threads {
		l.noteFull(id)
		has, err := l.r.hasRead(l.ctx, id)
		if err != nil {
			return err
		}
		if has {
			l.read(id)
		}
	}
	return nil
}
