package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stoa-commerce/stoa/cmd/stoa/control"
	"github.com/stoa-commerce/stoa/cmd/stoa/shopper"
	"github.com/stoa-commerce/stoa/protocol/thread"
)

// reply measures how long what one side says takes to be read on the other, over
// loopback and the event stream that browsers use: from the shopper, sealed, to their
// second device, which has it from the brand, committed; and from the brand, said
// through the command line's socket, to the shopper.
func reply(ctx context.Context, l *lab) (rows []row, err error) {
	m, err := l.openMarket(ctx, l.scale.shop, 4)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.stop()) }()
	one, two, err := m.devices(ctx)
	if err != nil {
		return nil, err
	}
	listening, stop := context.WithCancel(ctx)
	heard, ended := make(chan string, 16), make(chan error, 1)
	go func() { ended <- two.Listen(listening, hear(heard)) }()
	owner, err := control.Dial(ctx, nodeOptions(m.home))
	if err != nil {
		stop()
		return nil, err
	}
	ways := []struct {
		about string
		say   func(text string) error
	}{
		{"from the shopper's device to another device", func(text string) error {
			_, err := one.Say(ctx, thread.KindText, &thread.Text{Text: text})
			return err
		}},
		{"from the brand's socket to the shopper", func(text string) error {
			_, err := owner.Say(ctx, control.SayQuery{Thread: one.Thread().String(), Text: text})
			return err
		}},
	}
	for _, way := range ways {
		took, e := exchange(ctx, l.scale.replies, way.say, heard)
		if err = e; err != nil {
			break
		}
		rows = append(rows, absolute("a message "+way.about+", median", median(took), "ms", lower, 40),
			absolute("a message "+way.about+", 99th percentile", percentile(took, 99), "ms", lower, 150))
	}
	stop()
	return rows, errors.Join(err, <-ended, owner.Close())
}

// devices returns one conversation on two devices.
func (m *market) devices(ctx context.Context) (one, two *shopper.Conversation, err error) {
	if one, err = shopper.New().Conversation(m.brand); err != nil {
		return nil, nil, err
	}
	if _, err = one.Say(ctx, thread.KindText, &thread.Text{Text: "Hello"}); err != nil {
		return nil, nil, err
	}
	link, err := one.Link()
	if err != nil {
		return nil, nil, err
	}
	if two, err = shopper.New().Conversation(m.brand); err != nil {
		return nil, nil, err
	}
	return one, two, two.Follow(ctx, link)
}

// hear passes on the texts that come.
func hear(heard chan<- string) func([]shopper.Entry) error {
	return func(list []shopper.Entry) error {
		for _, e := range list {
			if b, ok := e.Body.(*thread.Text); ok {
				heard <- b.Text
			}
		}
		return nil
	}
}

// exchange says so many texts, each when the one before was heard, and returns the
// milliseconds that each took. The first ones, until the listener listens, don't count.
func exchange(ctx context.Context, n int, say func(string) error, heard <-chan string) (took []float64, err error) {
	for i := range warmUp + n {
		text := fmt.Sprint("message ", i, " of ", n)
		begin := time.Now()
		if err := say(text); err != nil {
			return nil, err
		}
		if err := await(ctx, text, heard); err != nil {
			return nil, err
		}
		if i >= warmUp {
			took = append(took, milliseconds(time.Since(begin)))
		}
	}
	return took, nil
}

func await(ctx context.Context, text string, heard <-chan string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		select {
		case got := <-heard:
			if got == text {
				return nil
			}
		case <-ctx.Done():
			return fmt.Errorf("%q was not heard: %w", text, ctx.Err())
		}
	}
}
