package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stoa-commerce/stoa/cmd/stoa/control"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// verdict is what stoa verify finds out about a file.
type verdict struct {
	Kind    string         `json:"kind"` // archive, proof or receipt
	Brand   string         `json:"brand"`
	Epoch   uint64         `json:"epoch"`
	Seq     uint64         `json:"seq"`
	Time    string         `json:"time,omitempty"`
	Path    string         `json:"path,omitempty"`   // of a proof
	Absent  bool           `json:"absent,omitempty"` // a proof that nothing is at the path
	Records int            `json:"records"`          // of a receipt: entries
	Receipt *receiptView   `json:"receipt,omitempty"`
	Part    string         `json:"part,omitempty"` // of a receipt: what was altered
	Valid   bool           `json:"valid"`
	Expired bool           `json:"expired"`
	Reason  catalog.Reason `json:"reason"` // why it isn't valid
	Detail  string         `json:"detail,omitempty"`

	head protocol.Signed
}

func (a *app) verifyCommand() *cobra.Command {
	var brand string
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "Check an archive, a proof or a receipt against the brand's signature",
		Long: `Checks every byte of an archive or proof: that the brand's identity holds, that its
key signed the head, and that every record is what the head commits to; of a receipt,
that the shopper and the brand signed what it shows, in this order. It needs no home
and no network. When the brand signed is its own claim.`,
		Example: `  stoa verify catalog.car
  stoa verify sencha.proof --brand bafyrei…
  stoa verify order-1001.receipt`,
		Args: exactly("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var expected protocol.CID
			if brand != "" {
				var err error
				if expected, err = protocol.ParseCID(brand); err != nil {
					return usageError{err}
				}
			}
			v := verifyFile(args[0], expected, protocol.MillisOf(time.Now()))
			a.tellOwner(cmd.Context(), v)
			return a.report(v)
		},
	}
	cmd.Flags().StringVar(&brand, "brand", "", "the brand it must be of")
	return cmd
}

// archiveMark is in the first bytes of every CARv1 file: the header's map begins
// with the key "roots".
const archiveMark = "roots"

func verifyFile(name string, brand protocol.CID, now protocol.Millis) verdict {
	f, err := os.Open(name)
	if err != nil {
		return verdict{Reason: "unreadable", Detail: fileError(name, err).Error()}
	}
	defer f.Close()
	r := bufio.NewReader(f)
	first, err := r.Peek(16)
	if err != nil && len(first) == 0 {
		return verdict{Reason: catalog.Truncated, Detail: "the file is empty"}
	}
	switch {
	case bytes.Contains(first, []byte(archiveMark)):
		return verifyArchive(r, brand, now)
	case bytes.Contains(first, []byte(receiptMark)):
		return verifyReceipt(r, brand)
	}
	return verifyProof(r, brand, now)
}

func verifyArchive(r io.Reader, brand protocol.CID, now protocol.Millis) verdict {
	v := verdict{Kind: "archive"}
	origin, err := catalog.ReadArchive(r, catalog.ArchiveOptions{Brand: brand, Now: now, Record: func(catalog.Entry) error {
		v.Records++
		return nil
	}})
	if err != nil {
		return v.refused(err)
	}
	return v.accepted(origin)
}

func verifyProof(r io.Reader, brand protocol.CID, now protocol.Millis) verdict {
	v := verdict{Kind: "proof"}
	data, err := io.ReadAll(io.LimitReader(r, catalog.MaxBundle+1))
	if err != nil {
		return v.refused(err)
	}
	proven, err := catalog.VerifyBundle(data, brand, now)
	if err != nil {
		return v.refused(err)
	}
	v.Records, v.Path, v.Absent = len(proven.Records), string(proven.Path), proven.Absent()
	return v.accepted(proven.Origin)
}

func (v verdict) refused(err error) verdict {
	v.Reason, v.Detail = catalog.ReasonOf(err), err.Error()
	if v.Reason == "" {
		v.Reason = "unreadable"
	}
	return v
}

func (v verdict) accepted(o catalog.Origin) verdict {
	v.Brand, v.Epoch, v.Seq = o.Brand.String(), o.Head.Epoch, o.Head.Seq
	v.Time, v.Valid, v.Expired, v.head = o.Head.Time.String(), true, o.Expired, o.Head.Signed
	return v
}

func (a *app) report(v verdict) error {
	failed := saidError{errors.New(v.Detail)}
	if a.json {
		if err := a.printJSON(v); err != nil || v.Valid {
			return err
		}
		return failed
	}
	if !v.Valid {
		a.warn("Not valid (%s): %s", v.Reason, v.why())
		return failed
	}
	if v.Receipt != nil {
		a.reportReceipt(v)
		return nil
	}
	what := counted(v.Records, "record")
	if v.Absent {
		what = "nothing at " + v.Path
	} else if v.Path != "" {
		what = v.Path + ", " + what
	}
	a.say("Valid %s: %s, signed by\n  %s\nand dated %s by the brand.", v.Kind, what, v.Brand, v.Time)
	if v.Expired {
		a.say("It has expired: it was true then and may have changed since.")
	}
	return nil
}

// why says in words why a file is refused.
func (v verdict) why() string {
	if v.Reason == "unreadable" {
		return v.Detail
	}
	if v.Kind == "receipt" {
		return "this isn't what the brand and the shopper signed. Altered or missing: " + v.Part + ".\n  " + v.Detail
	}
	_, detail, found := strings.Cut(v.Detail, string(v.Reason)+": ")
	if !found {
		detail = v.Detail
	}
	return "this isn't what a brand signed. Something was changed or lost, or\n" +
		"the file isn't of 'stoa export', 'stoa proof' or 'stoa receipt'.\n  " + detail
}

// tellOwner shows a head of the home's own brand to its node, which knows whether
// it signed it. Without a brand in the home there is nobody to tell.
func (a *app) tellOwner(ctx context.Context, v verdict) {
	if !v.Valid || v.Receipt != nil {
		return
	}
	c, err := control.Dial(ctx, a.options(io.Discard))
	if err != nil {
		return
	}
	defer c.Close()
	raw, err := v.head.Encode()
	if err != nil {
		return
	}
	result, err := c.Notice(ctx, hex.EncodeToString(raw))
	if err == nil && result.Alarm {
		a.warn("ALARM: this file was signed with your brand's key, but not by this node.\n" + alarmAdvice)
	}
}

const alarmAdvice = `Somebody else signs for your brand: most often a copied home or a restored snapshot.
Nothing more is signed here until you decide. Make sure that the other node is
stopped, then run 'stoa silence'. If it isn't yours, somebody has your key: 'stoa key
request --revoke' begins to shut them out.`
