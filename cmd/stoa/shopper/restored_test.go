package shopper

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stoa-commerce/stoa/protocol/thread"
	"github.com/stoa-commerce/stoa/protocol/wire"
)

// copyHome copies the home of a node that is stopped.
func copyHome(t *testing.T, from, to string) {
	t.Helper()
	check(t, os.RemoveAll(to))
	check(t, os.CopyFS(to, os.DirFS(from)))
	check(t, filepath.WalkDir(to, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return os.Chmod(path, 0o600)
	}))
}

// Yesterday's home comes back, without what was said and ordered since.
func TestABrandThatWasSetBackFindsItsOrdersAgain(t *testing.T) {
	p := newPlace(t)
	before := p.visitor() // has a conversation in the backup
	says(t, before, "before the backup")
	p.stop()
	backup := filepath.Join(t.TempDir(), "backup")
	copyHome(t, p.home, backup)

	p.serve(p.reopen())
	old := p.again(before)
	order := buy(t, old, 2)
	fresh := p.visitor() // the backup knows nothing of this one
	second := buy(t, fresh, 3)
	p.stop()
	copyHome(t, backup, p.home)

	p.serve(p.reopen())
	old, fresh = p.again(old), p.again(fresh)
	for _, c := range []*Conversation{old, fresh} {
		says(t, c, "Where is my order?")
		check(t, c.Sync(soon(t)))
	}
	for c, id := range map[*Conversation]Entry{old: order, fresh: second} {
		if _, ok := c.Entry(id.ID); !ok || c.Number(id.ID) == 0 {
			t.Errorf("the shopper lost the order")
		}
		o, err := p.node.Sales().Order(t.Context(), id.ID)
		if err != nil || o.Quote.Total != c.Orders()[id.ID].Quote.Total {
			t.Errorf("the brand doesn't know its order: %v", err)
		}
	}
	third := New()
	c := p.talk(third)
	if _, err := c.Say(soon(t), thread.KindText, &thread.Text{Text: "I am new"}); err != nil {
		t.Error(err)
	}
}

// again continues a conversation at the place as it is served now.
func (p *place) again(c *Conversation) *Conversation {
	p.t.Helper()
	out := newConversation(c.shopper, p.meet())
	out.state = c.state
	log := make([][]byte, len(c.entries))
	for i, e := range c.entries {
		var err error
		log[i], err = e.kept.encode()
		check(p.t, err)
	}
	check(p.t, out.restore(log))
	out.moved()
	return out
}

// says writes something and expects it to be committed.
func says(t *testing.T, c *Conversation, words string) {
	t.Helper()
	if _, err := c.Say(soon(t), thread.KindText, &thread.Text{Text: words}); err != nil {
		t.Fatalf("%q: %v", words, err)
	}
}

// A brand that came from a backup asks back also when it turns out to lack nothing.
func TestAShopperWhoIsAskedBackAnswersAlsoWhenNothingWasLost(t *testing.T) {
	p := newPlace(t)
	c := p.visitor()
	says(t, c, "hello")
	n, under, _ := c.state.present()
	ask := mustEncode(thread.Envelope{Thread: c.Thread(), Dir: thread.Down, Epoch: n, Salt: secret()}.Seal(under,
		&thread.ResyncParcel{Have: c.seq(), Commit: c.last().Commit}))
	check(t, c.take(wire.ThreadPage{Envelopes: []wire.NumberedEnvelope{{N: 1, Bytes: ask}}}))
	if c.lost == nil || *c.lost != c.seq()-1 {
		t.Fatal("nothing is to be handed back")
	}
	before := p.count.Load()
	check(t, c.Sync(soon(t)))
	if c.lost != nil || p.count.Load()-before != 2 {
		t.Errorf("it took %d requests", p.count.Load()-before)
	}
}
