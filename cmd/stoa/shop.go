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
		Short: "Publish what the brand decides about itself, and set the terms it sells on",
		Long: `Publishes a shop document: profile, theme, home, menu, announcement, pages, posts
and collections by list or rule. A part that the document doesn't have stays as it
is; a list replaces all there were. 'stoa show --json' writes a document to start
from. Pictures are files in --images (default: the document's folder), https URLs,
or identifiers of pictures the shop has.

The terms on which the shop sells stand in the same document. They stay on this
machine: a shopper sees what follows from them in a quote.

  tax        included or not, and rates in percent by country, region and class
             (standard, reduced, zero, exempt); unset, no tax is reckoned
  shipping   zones by country, region and postcode, the first that fits counts,
             with rates: flat, weight, value or pickup, and freeFrom an amount
  discounts  codes: percent, amount or freeShipping, with min, from, until, uses
  payments   bank (with your bank details as instructions), cod, counter, and
             holdDays, for which an unpaid order keeps its stock
  returns    days, and the text of your terms of withdrawal and return
  ceiling    percent of a variant's stock that unpaid orders of newcomers may hold

A fresh shop ships free within its own country, reckons no tax and is paid by bank
transfer, on delivery or at the counter.`,
		Example: `  stoa show --json > shop.json
  stoa apply shop.json --images ./photos

  {"tax": {"included": true, "rates": [{"country": "DE", "class": "standard", "rate": "19"}]},
   "shipping": [{"countries": ["DE"], "rates": [
     {"name": "Parcel", "kind": "flat", "price": "4.90", "freeFrom": "50", "days": {"min": 1, "max": 3}}]}],
   "discounts": [{"code": "SPRING", "percent": "10", "until": "2027-06-01"}],
   "payments": [{"kind": "bank", "instructions": "IBAN …", "holdDays": 7}],
   "returns": {"days": 14, "text": "…"},
   "ceiling": 0}`,
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
