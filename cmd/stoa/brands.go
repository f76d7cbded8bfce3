package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/stoa-commerce/stoa/cmd/stoa/control"
)

func (a *app) brandsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "brands",
		Short: "List the brands you follow and how fresh what you keep of each is",
		Long: `Lists the brands this shop mirrors. current: verified, and confirmed to be the
latest. stale: verified, but not confirmed for a while. expired: the brand hasn't
signed anew in time; pages are for browsing only. contested: two catalogs were
signed for the same moment; browsing only until the brand settles it.`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.reach(cmd, func(c *control.Client) error {
				list, err := c.Brands(cmd.Context())
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(list)
				}
				return a.brandTable(list)
			})
		},
	}
}

func (a *app) brandTable(list []control.Brand) error {
	if len(list) == 0 {
		a.say("You follow no brand yet: 'stoa follow https://SHOP --as NAME' begins.")
		return nil
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, b := range list {
		fmt.Fprintln(w, printable("@%s\t%s\t%s\t%s\t%s", b.Handle, b.Name, freshness(b), counted(b.Products, "product"), b.Brand))
		for _, note := range notes(b) {
			fmt.Fprintln(w, printable("\t%s", note))
		}
	}
	return w.Flush()
}

// freshness says in words how fresh a mirrored brand is.
func freshness(b control.Brand) string {
	if b.Seq == 0 {
		return "on the way"
	}
	if b.State != "stale" || b.LastSeen == nil {
		return string(b.State)
	}
	return "stale since " + day(b.LastSeen.Time())
}

func notes(b control.Brand) (out []string) {
	if b.Reason != "" {
		out = append(out, b.Reason)
	}
	if b.Behind && b.Seq > 0 {
		out = append(out, "something newer is known and on the way")
	}
	if b.Error != "" {
		out = append(out, "not fetched: "+b.Error)
	}
	return out
}

func (a *app) peersCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "peers",
		Short: "List the nodes this one is connected to",
		Args:  exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.reach(cmd, func(c *control.Client) error {
				list, err := c.Peers(cmd.Context())
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(list)
				}
				return a.peerTable(list, c.Running)
			})
		},
	}
}

func (a *app) peerTable(list []control.Peer, running bool) error {
	switch {
	case !running:
		a.say("The shop isn't running, so it is connected to nobody: 'stoa serve' opens it.")
		return nil
	case len(list) == 0:
		a.say("No other node is connected yet: 'stoa follow' or 'stoa serve --peer' finds some.")
		return nil
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, p := range list {
		fmt.Fprintln(w, printable("%s\t%s\tscore %.1f\t%s\t%s", p.Peer, p.Transport, p.Score, counted(len(p.Brands), "brand"), p.Addr))
	}
	return w.Flush()
}
