package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stoa-commerce/stoa/cmd/stoa/control"
	"github.com/stoa-commerce/stoa/protocol"
)

func (a *app) followCommand() *cobra.Command {
	var handle string
	cmd := &cobra.Command{
		Use:   "follow TARGET",
		Short: "Mirror another brand: keep its catalog, verified, and show it beside your shop",
		Long: `Follows a brand: its catalog is fetched, verified against the brand's signature and
kept up to date, and its pages stand at /@NAME/ of your shop, also while the brand's
own node is away. TARGET is the web address of a shop, the address of its node (a
multiaddr that ends in /p2p/…), or a brand's ID. A web address or multiaddr needs the
running shop; an ID can be noted beforehand and is looked for once 'stoa serve' runs.
NAME is a verified domain if the brand has one, else what --as says, else its ID in
short. It stays with that brand.`,
		Example: `  stoa follow https://tea.example --as tea
  stoa follow /ip4/203.0.113.7/tcp/4001/p2p/12D3KooWQ…
  stoa follow bafyreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku --as tea`,
		Args: exactly("TARGET"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.reach(cmd, func(c *control.Client) error { return a.follow(cmd, c, args[0], handle) })
		},
	}
	cmd.Flags().StringVar(&handle, "as", "", "name for the brand in your shop's addresses: a-z, 0-9 and -, at most 40")
	return cmd
}

// errNeedsServe is what a target says that only a running node can reach.
var errNeedsServe = errors.New("to look at that address your shop must be running: start 'stoa serve' and try again, or give the brand's ID, which can be noted now")

func (a *app) follow(cmd *cobra.Command, c *control.Client, target, handle string) error {
	if err := targetError(target, c.Running); err != nil {
		return err
	}
	b, err := c.Follow(cmd.Context(), target, handle)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(b)
	}
	a.followText(b, c.Running)
	return nil
}

// targetError says what is wrong with a target, before anybody is asked.
func targetError(target string, running bool) error {
	if _, err := protocol.ParseCID(target); err == nil {
		return nil
	}
	if !strings.ContainsAny(target, "/.:") {
		return usageError{errors.New("TARGET is none: give a shop's web address (https://…), its node's address (/ip4/…/p2p/…) or a brand's ID (bafyrei…)")}
	}
	if !running {
		return errNeedsServe
	}
	return nil
}

func (a *app) followText(b control.Brand, running bool) {
	name := b.Name
	if name == "" {
		name = b.Brand.String()
	}
	a.say("You follow %s now. Its pages are at /@%s/ of your shop.", name, b.Handle)
	switch {
	case !running:
		a.say("It is looked for once 'stoa serve' runs.")
	case b.Seq == 0:
		a.say("Its catalog is on the way: 'stoa brands' shows when it is here.")
	}
}

func (a *app) mirrorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "mirror FILE.car",
		Short: "Take the catalog of a brand you follow from its archive",
		Long: `Takes a followed brand's catalog from the archive that the brand made with 'stoa
export', where no network leads. It is verified whole, and refused if something newer
is known already. Pictures come once a node can be asked that has them.`,
		Example: `  stoa follow bafyreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku --as tea
  stoa mirror tea.car`,
		Args: exactly("FILE.car"),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := os.Open(args[0])
			if err != nil {
				return fileError(args[0], err)
			}
			defer f.Close()
			return a.reach(cmd, func(c *control.Client) error {
				b, err := c.Mirror(cmd.Context(), f)
				if err != nil {
					return fmt.Errorf("%s: %w", args[0], err)
				}
				if a.json {
					return a.printJSON(b)
				}
				a.say("Took %s: %s, at /@%s/ of your shop.", b.Name, counted(b.Products, "product"), b.Handle)
				return nil
			})
		},
	}
}

func (a *app) unfollowCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "unfollow BRAND|NAME",
		Short:   "Stop mirroring a brand and delete what was kept of it",
		Example: `  stoa unfollow tea`,
		Args:    exactly("BRAND|NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.reach(cmd, func(c *control.Client) error {
				gone, err := c.Unfollow(cmd.Context(), strings.TrimPrefix(args[0], "@"))
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(gone)
				}
				a.say("You don't follow it any more; its catalog and pictures are deleted here.")
				return nil
			})
		},
	}
}
