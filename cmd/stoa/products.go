package main

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/stoa-commerce/stoa/cmd/stoa/control"
)

func (a *app) productsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "products [QUERY]",
		Short: "List products with the identifiers and prices of their variants",
		Example: `  stoa products
  stoa products sencha --json`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.reach(cmd, func(c *control.Client) error {
				list, err := c.Products(cmd.Context(), strings.Join(args, " "))
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(list)
				}
				return a.productTable(strings.Join(args, " "), list)
			})
		},
	}
}

func (a *app) productTable(query string, list []control.Product) error {
	if len(list) == 0 && query != "" {
		a.say("No product's name has %q. 'stoa products' lists all.", query)
		return nil
	}
	if len(list) == 0 {
		a.say("There are no products yet: 'stoa import products.csv' takes them from a file.")
		return nil
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, p := range list {
		note := ""
		if p.Status != "active" {
			note = "  (" + string(p.Status) + ")"
		}
		fmt.Fprintf(w, "%s%s\n", p.Title, note)
		for _, v := range p.Variants {
			fmt.Fprintf(w, "  %s\t%s\t%s %s\t%s\n", v.ID, strings.Join(v.Options, " / "), v.Price, v.Currency, v.Availability)
		}
	}
	return w.Flush()
}

func (a *app) setPriceCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "set-price VARIANT AMOUNT",
		Short:   "Publish a new price of a variant",
		Long:    "Publishes a new price. AMOUNT is a decimal in the variant's currency, such as 12.50; 'stoa products' lists the variants.",
		Example: `  stoa set-price sencha-uji-100-g 18.90`,
		Args:    exactly("VARIANT", "AMOUNT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.reach(cmd, func(c *control.Client) error {
				result, err := c.SetPrice(cmd.Context(), args[0], args[1])
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(result)
				}
				a.say("Published: %s now costs %s.", args[0], args[1])
				return nil
			})
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		if strings.HasPrefix(err.Error(), "unknown shorthand flag") {
			err = errors.New("a price is a decimal from 0 on, such as 12.50; -h shows the usage")
		}
		return usageError{err}
	})
	return cmd
}
