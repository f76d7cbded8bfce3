package main

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/stoa-commerce/stoa/cmd/stoa/control"
	"github.com/stoa-commerce/stoa/node"
)

func (a *app) applyCommand() *cobra.Command {
	var images string
	cmd := &cobra.Command{
		Use:   "apply FILE.json",
		Short: "Publish what the brand decides about itself: profile, theme, pages, collections",
		Long: `Publishes a shop document: profile, theme, home, menu, announcement, pages, posts
and collections by list or rule. A part that the document doesn't have stays as it
is; pages, posts and collections replace all there were. 'stoa show --json' writes
a document to start from. Pictures are files in --images (default: the document's
folder), https URLs, or identifiers of pictures the shop has.`,
		Example: `  stoa show --json > shop.json
  stoa apply shop.json --images ./photos`,
		Args: exactly("FILE.json"),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := os.Open(args[0])
			if err != nil {
				return fileError(args[0], err)
			}
			defer f.Close()
			doc, err := node.ReadShopDoc(f)
			if err != nil {
				return err
			}
			if images == "" {
				images = filepath.Dir(args[0])
			}
			if images, err = filepath.Abs(images); err != nil {
				return err
			}
			return a.reach(cmd, func(c *control.Client) error { return a.applyShop(cmd, c, doc, images) })
		},
	}
	cmd.Flags().StringVar(&images, "images", "", "folder with the pictures that the document names")
	return cmd
}

func (a *app) applyShop(cmd *cobra.Command, c *control.Client, doc node.ShopDoc, images string) error {
	result, err := c.Apply(cmd.Context(), doc, images)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(result)
	}
	for _, w := range result.Warnings {
		a.warn("warning: %s", w)
	}
	if result.Changed {
		a.say("Published.")
	} else {
		a.say("Nothing changed: the shop is like that already.")
	}
	return nil
}

func (a *app) showCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "show",
		Short:   "Write what the brand decided about itself, as 'stoa apply' takes it",
		Example: `  stoa show --json > shop.json`,
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.reach(cmd, func(c *control.Client) error {
				doc, err := c.Show(cmd.Context())
				if err != nil {
					return err
				}
				return a.printJSON(doc)
			})
		},
	}
}
