package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/stoa-commerce/stoa/cmd/stoa/shopper"
	"github.com/stoa-commerce/stoa/protocol"
)

func (a *app) receiptCommand() *cobra.Command {
	var folder string
	cmd := &cobra.Command{
		Use:   "receipt ORDER FILE --shopper DIR",
		Short: "Write a receipt of an order that anyone can verify",
		Long: `Writes what was agreed and done about an order, signed by the shopper and by the
brand: the quote, the order, payments, shipments, refunds. Of everything else that
was said the receipt holds the brand's commits and no word. It needs no network;
'stoa thread --read' fetches what is new before.`,
		Example: `  stoa receipt bafyrei… tea.receipt --shopper me
  stoa verify tea.receipt`,
		Args: exactly("ORDER", "FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			order, err := protocol.ParseCID(args[0])
			if err != nil {
				return usageError{err}
			}
			if folder == "" {
				return usageError{errors.New("--shopper is missing: the folder in which 'stoa buy' keeps conversations")}
			}
			receipt, err := receiptOf(folder, order)
			if err != nil {
				return err
			}
			n, err := writeWhole(cmd.Context(), args[1], func(_ context.Context, w io.Writer) error {
				_, err := w.Write(receipt)
				return err
			})
			if err != nil {
				return err
			}
			return a.wrote(args[1], n)
		},
	}
	cmd.Flags().StringVar(&folder, "shopper", "", "folder of the shopper's keys and conversations")
	return cmd
}

func receiptOf(folder string, order protocol.CID) (data []byte, err error) {
	who, err := shopper.OpenExisting(folder)
	if errors.Is(err, shopper.ErrInUse) {
		return nil, fmt.Errorf("another command is at work in %s: try again when it has ended", folder)
	}
	if err != nil {
		return nil, err
	}
	data, err = who.Receipt(order)
	return data, errors.Join(err, who.Close())
}
