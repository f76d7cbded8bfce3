package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/stoa-commerce/stoa/cmd/stoa/control"
	"github.com/stoa-commerce/stoa/protocol"
)

func (a *app) inboxCommand() *cobra.Command {
	var q control.InboxQuery
	cmd := &cobra.Command{
		Use:   "inbox [THREAD]",
		Short: "List the conversations with shoppers, or read one",
		Long: `Lists the conversations, the newest first, with how much of each is unread. With
the identifier of one, or the number of an order, it shows what was said and marks
it read.`,
		Example: `  stoa inbox --unread
  stoa inbox 1001
  stoa inbox --json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.reach(cmd, func(c *control.Client) error {
				if len(args) == 1 {
					return a.conversation(cmd, c, args[0])
				}
				list, err := c.Inbox(cmd.Context(), q)
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(list)
				}
				return a.inboxTable(list)
			})
		},
	}
	cmd.Flags().BoolVar(&q.Unread, "unread", false, "only those with something unread")
	cmd.Flags().IntVar(&q.Limit, "limit", 50, "how many, at most 500")
	return cmd
}

func (a *app) inboxTable(list []control.Conversation) error {
	if len(list) == 0 {
		a.say("Nobody has written yet.")
		return nil
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, c := range list {
		name, unread, last := c.Name, "", ""
		if name == "" {
			name = "a shopper"
		}
		if c.Unread > 0 {
			unread = fmt.Sprintf("%d new", c.Unread)
		}
		if c.Last != nil {
			last = said(*c.Last)
		}
		fmt.Fprintln(w, printable("%s\t%s\t%s\t%s\t%s", moment(c.Touched), oneLine(name, 24), unread, oneLine(last, 48), c.Thread))
	}
	return w.Flush()
}

// moment is a time as lists show it, in the machine's zone.
func moment(m protocol.Millis) string { return m.Time().Local().Format("2006-01-02 15:04") }

// oneLine shortens a stranger's text to one line of so many characters.
func oneLine(s string, most int) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return string(r)
}

func (a *app) conversation(cmd *cobra.Command, c *control.Client, thread string) error {
	list := []control.Message{}
	for {
		q := control.ReadQuery{Thread: thread}
		if n := len(list); n > 0 {
			q.After = list[n-1].Seq
		}
		part, err := c.Read(cmd.Context(), q)
		if err != nil {
			return err
		}
		if list = append(list, part...); len(part) == 0 {
			break
		}
	}
	if a.json {
		return a.printJSON(list)
	}
	for _, m := range list {
		from := "shopper"
		if m.From == "shop" {
			from = "you"
		}
		a.say("%s  %-8s %s", moment(m.Time), from, said(m))
	}
	return nil
}

// said is a message in one line of words.
func said(m control.Message) string {
	switch {
	case m.Erased:
		return "(erased)"
	case m.Refused != "":
		return m.Kind + " refused: " + m.Refused
	}
	body, _ := m.Body.(map[string]any)
	parts := []string{}
	if m.Kind != "text" {
		parts = append(parts, m.Kind)
	}
	for _, name := range []string{"text", "about", "product", "number", "reason", "tracking", "email"} {
		switch v := body[name].(type) {
		case string:
			parts = append(parts, v)
		case float64:
			parts = append(parts, fmt.Sprintf("%.0f", v))
		}
	}
	return strings.Join(parts, " · ")
}

func (a *app) replyCommand() *cobra.Command {
	var product, variant string
	cmd := &cobra.Command{
		Use:   "reply THREAD TEXT",
		Short: "Answer a shopper",
		Long: `Writes to a shopper, sealed into their conversation. THREAD is its identifier or the
number of an order in it. With --product the answer carries a card of the product,
from which it can be bought.`,
		Example: `  stoa reply 1001 "It leaves tomorrow."
  stoa reply bafyrei… "This one keeps its colour." --product gyokuro`,
		Args: exactly("THREAD", "TEXT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			q := control.SayQuery{Thread: args[0], Text: args[1], Product: protocol.Handle(product), Variant: protocol.VariantID(variant)}
			return a.reach(cmd, func(c *control.Client) error {
				said, err := c.Say(cmd.Context(), q)
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(said)
				}
				a.say("Sent.")
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&product, "product", "", "handle of a product to show")
	cmd.Flags().StringVar(&variant, "variant", "", "the variant to show of it")
	return cmd
}

func (a *app) eraseCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "erase THREAD",
		Short: "Forget a conversation",
		Long: `Forgets a conversation: what was said and sent, names and keys. Orders stay for as
long as the law wants them kept, sealed under a key of their own. It can't be undone,
and a shopper who comes back begins a new conversation.`,
		Args: exactly("THREAD"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.reach(cmd, func(c *control.Client) error {
				if err := c.Erase(cmd.Context(), args[0]); err != nil {
					return err
				}
				if a.json {
					return a.printJSON(map[string]string{"erased": args[0]})
				}
				a.say("Forgotten.")
				return nil
			})
		},
	}
}
