package shopper

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/protocol/thread"
)

func TestWhoListensHearsTheBrandAtOnce(t *testing.T) {
	p := newPlace(t)
	c := p.visitor()
	buy(t, c, 1)
	ctx, cancel := context.WithCancel(soon(t))
	heard := make(chan string, 10)
	ended := make(chan error, 1)
	go func() {
		ended <- c.Listen(ctx, func(entries []Entry) error {
			for _, e := range entries {
				if b, ok := e.Body.(*thread.Text); ok {
					heard <- b.Text
				}
			}
			return nil
		})
	}()
	for _, words := range []string{"Hello.", "It left.", "Bye."} {
		_, err := p.node.Say(t.Context(), c.Thread(), thread.Draft{Kind: thread.KindText, Body: &thread.Text{Text: words}})
		check(t, err)
		if got := <-heard; got != words {
			t.Errorf("heard %q instead of %q", got, words)
		}
	}
	cancel()
	if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestListeningEndsWithTheListenersError(t *testing.T) {
	p := newPlace(t)
	c := p.visitor()
	buy(t, c, 1)
	_, err := p.node.Say(t.Context(), c.Thread(), thread.Draft{Kind: thread.KindText, Body: &thread.Text{Text: strings.Repeat("long ", 700)}})
	check(t, err)
	enough := errors.New("enough")
	if err := c.Listen(soon(t), func([]Entry) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("it ends with %v", err)
	}
}
