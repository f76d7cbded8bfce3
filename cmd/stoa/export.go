package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/stoa-commerce/stoa/cmd/stoa/control"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

func (a *app) exportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "export FILE.car",
		Short: "Write the whole signed catalog as an archive that anyone can verify",
		Long: `Writes the public catalog with its head and identity as a CARv1 archive. Nothing
private is in it. 'stoa verify' checks it on any machine, without this home.`,
		Example: `  stoa export catalog.car
  stoa verify catalog.car`,
		Args: exactly("FILE.car"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.reach(cmd, func(c *control.Client) error {
				n, err := writeWhole(cmd.Context(), args[0], func(ctx context.Context, w io.Writer) error { return c.Archive(ctx, w) })
				if err != nil {
					return fmt.Errorf("export %s: %w", args[0], err)
				}
				return a.wrote(args[0], n)
			})
		},
	}
}

func (a *app) proofCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "proof PATH FILE",
		Short: "Write a proof of one record, or of a product with all its offers",
		Long: `Writes a proof bundle: what the brand signed at PATH, and the way from there to
its signed head. A product's proof holds all its offers, so that none can be left
out. Of a path where nothing is it proves that.`,
		Example: `  stoa proof product/sencha-uji sencha.proof
  stoa verify sencha.proof`,
		Args: exactly("PATH", "FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.reach(cmd, func(c *control.Client) error {
				result, err := c.Proof(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				bundle, err := hex.DecodeString(result.Bundle)
				if err != nil {
					return err
				}
				n, err := writeWhole(cmd.Context(), args[1], func(_ context.Context, w io.Writer) error {
					_, err := w.Write(bundle)
					return err
				})
				if err != nil {
					return err
				}
				if proven, err := catalog.VerifyBundle(bundle, protocol.CID{}, protocol.MillisOf(time.Now())); err == nil && proven.Absent() {
					a.warn("Nothing is published at %s: the file proves that. A product is at product/HANDLE.", args[0])
				}
				return a.wrote(args[1], n)
			})
		},
	}
}

func (a *app) wrote(name string, size int64) error {
	if a.json {
		return a.printJSON(map[string]any{"file": name, "bytes": size})
	}
	a.say("Wrote %s, %d bytes. 'stoa verify %[1]s' checks it.", name, size)
	return nil
}

// writeWhole writes a file under its name only once it is complete and on disk.
func writeWhole(ctx context.Context, name string, write func(context.Context, io.Writer) error) (int64, error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("there is no folder %s", filepath.Dir(name))
	}
	if err != nil {
		return 0, err
	}
	err = errors.Join(write(ctx, f), f.Sync())
	info, statErr := f.Stat()
	if err = errors.Join(err, statErr, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return 0, errors.Join(err, os.Remove(f.Name()))
	}
	return info.Size(), nil
}
