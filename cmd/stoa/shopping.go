package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/stoa-commerce/stoa/cmd/stoa/shopper"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/thread"
)

// shopping says who talks to whom, through which gateway: what the commands of a
// shopper without a browser share.
type shopping struct {
	gateway, brand, folder string
	wait                   time.Duration
}

func (s *shopping) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.gateway, "gateway", "", "address of the gateway, such as https://tea.example")
	f.StringVar(&s.brand, "brand", "", "identifier of the brand")
	f.StringVar(&s.folder, "shopper", "", "folder of the shopper's keys and conversations; made when there is none")
	f.DurationVar(&s.wait, "wait", 30*time.Second, "how long to wait for the brand")
}

func (s *shopping) check() (protocol.CID, error) {
	for _, f := range []struct{ name, value string }{{"--gateway", s.gateway}, {"--brand", s.brand}, {"--shopper", s.folder}} {
		if f.value == "" {
			return protocol.CID{}, fmt.Errorf("%s is missing", f.name)
		}
	}
	if s.wait < 0 {
		return protocol.CID{}, errors.New("--wait is how long, so not negative")
	}
	return protocol.ParseCID(s.brand)
}

// talker does something in a conversation.
type talker func(context.Context, *shopper.Shopper, *shopper.Conversation) error

// talk calls fn with the shopper's conversation with the brand. fn has as long as
// --wait says. If the gateway can't be reached in that time, offline is called with
// the conversation as it was left, if there is one; nil is nothing to do then.
func (s *shopping) talk(ctx context.Context, fn, offline talker) error {
	brand, err := s.check()
	if err != nil {
		return usageError{err}
	}
	client, err := shopper.NewClient(s.gateway, nil, nil)
	if err != nil {
		return usageError{err}
	}
	who, err := shopper.Open(s.folder)
	if errors.Is(err, shopper.ErrInUse) {
		return fmt.Errorf("another command is at work in %s: try again when it has ended", s.folder)
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.wait)
	defer cancel()
	err = s.meet(ctx, client, brand, who, fn)
	var away *unreached
	if errors.As(err, &away) {
		err = s.alone(ctx, client, brand, who, offline, away)
	}
	return errors.Join(err, who.Close())
}

// unreached says that a gateway wasn't reached before anything was said.
type unreached struct{ error }

// alone goes on with what the folder holds.
func (s *shopping) alone(ctx context.Context, client *shopper.Client, brand protocol.CID, who *shopper.Shopper, offline talker, away *unreached) error {
	pending := &shopper.Pending{State: "sending", Cause: away.error}
	if offline == nil {
		return pending
	}
	c, err := who.Kept(client, brand)
	if errors.Is(err, shopper.ErrNothingKept) {
		return pending
	}
	if err != nil {
		return err
	}
	return offline(ctx, who, c)
}

func (s *shopping) meet(ctx context.Context, client *shopper.Client, brand protocol.CID, who *shopper.Shopper, fn talker) error {
	b, err := s.brandAt(ctx, client, brand)
	if errors.Is(err, shopper.ErrNotServed) {
		return fmt.Errorf("%s doesn't show the brand %s", s.gateway, brand)
	}
	if err != nil {
		return err
	}
	c, err := who.Conversation(b)
	if err != nil {
		return err
	}
	return fn(ctx, who, c)
}

// brandAt meets the brand, and tries again while the gateway can't be reached.
func (s *shopping) brandAt(ctx context.Context, client *shopper.Client, brand protocol.CID) (*shopper.Brand, error) {
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		b, err := shopper.Meet(ctx, client, brand)
		if !errors.Is(err, shopper.ErrUnreachable) {
			return b, err
		}
		select {
		case <-ctx.Done():
			return nil, &unreached{err}
		case <-time.After(pause):
		}
	}
}

// outcome reports what the brand refuses or hasn't committed: {"refused":…} or
// {"pending":…}, and exit code 1. Other errors are passed on.
func (a *app) outcome(err error) error {
	var refused *shopper.Refused
	var pending *shopper.Pending
	switch {
	case errors.As(err, &refused):
		if !a.json {
			a.warn("stoa: %s", refusalWords(refused))
			return saidError{err}
		}
		return errors.Join(a.printJSON(map[string]string{"refused": refused.Reason}), saidError{err})
	case errors.As(err, &pending):
		if !a.json {
			a.warn("stoa: it isn't certain yet: %s. It stays in the folder and is sent again:\n'stoa thread --read' shows what becomes of it.", pending)
			return saidError{err}
		}
		return errors.Join(a.printJSON(map[string]string{"pending": pending.State}), saidError{err})
	}
	return err
}

// refusalWords says a refusal for a person.
func refusalWords(r *shopper.Refused) string {
	words := map[string]string{
		"out_of_stock":        "there isn't enough in stock",
		"price_changed":       "the price has changed meanwhile",
		"quote_expired":       "the offer has run out",
		"quote_used":          "the offer was used already",
		"too_many_unpaid":     "there is an unpaid order already: pay or cancel it first",
		"over_ceiling":        "too much is reserved in unpaid orders at present",
		"not_delivered_there": "the brand doesn't deliver there",
		"unknown_variant":     "there is no such variant",
		"bad_quantity":        "the quantity isn't one that can be bought",
		"address_incomplete":  "it is to be delivered: --name, --street, --city and --country say where",
		"payment_unavailable": "the brand doesn't take this way to pay",
		"shop_closed":         "the shop is closed",
		"stock_in_review":     "the shop is counting its stock: try again later",
		thread.RefusedRemoved: "this device was removed from the conversation",
		thread.RefusedErased:  "the conversation was erased",
		thread.RefusedBody:    "it isn't what the brand expects",
		"unknown_thread":      "the conversation isn't known there",
	}[r.Reason]
	if words == "" {
		words = r.Reason
	}
	if r.Detail != "" {
		return fmt.Sprintf("the brand refuses: %s (%s)", words, r.Detail)
	}
	return "the brand refuses: " + words
}
