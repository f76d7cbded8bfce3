package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stoa-commerce/stoa/cmd/stoa/control"
	"github.com/stoa-commerce/stoa/node"
	"github.com/stoa-commerce/stoa/protocol"
)

func (a *app) keyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Give the brand new keys with its 24 words: request, sign, apply",
		Long: `Changes the keys that sign for your brand, in three steps. 'stoa key request' drafts
the change on your node, 'stoa key sign' signs it with the 24 recovery words, on any
machine, also one without a network, and 'stoa key apply' puts it in force on the
node. Your words never touch the node, and the files in between hold no secret.`,
		Example: `  stoa key request --revoke request.json
  stoa key sign request.json signed.json
  stoa key apply signed.json`,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("there is no command 'key %s': there are request, sign and apply", args[0])}
			}
			return usageError{errors.New("say which step: stoa key request, sign or apply")}
		},
		Args: cobra.ArbitraryArgs,
	}
	cmd.AddCommand(a.keyRequestCommand(), a.keySignCommand(), a.keyApplyCommand())
	return cmd
}

func (a *app) keyRequestCommand() *cobra.Command {
	var revoke bool
	var since string
	cmd := &cobra.Command{
		Use:   "request [FILE]",
		Short: "Draft a new online key, to be signed with the 24 words",
		Long: `Makes a new online key, which waits in the home, and drafts the operation that puts
it in force, into FILE or to standard output. Nothing changes until it is signed
and applied. --revoke also shuts out all online keys there were: do that when
somebody else has one. What they signed after the last good head is disputed then;
that is the last head that this node signed, unless --since says otherwise. While
the brand's identity is contested it drafts the merge of its branches.`,
		Example: `  stoa key request request.json
  stoa key request --revoke request.json
  stoa key request --revoke --since none > request.json`,
		Args: atMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			q, err := keyQuery(revoke, since)
			if err != nil {
				return usageError{err}
			}
			return a.reach(cmd, func(c *control.Client) error {
				r, err := c.KeyRequest(cmd.Context(), q)
				if err != nil {
					return err
				}
				return a.writeRequest(r, args)
			})
		},
	}
	cmd.Flags().BoolVar(&revoke, "revoke", false, "shut out the online keys there were")
	cmd.Flags().StringVar(&since, "since", "", "with --revoke: the seq of the last head to trust, or none")
	return cmd
}

// atMostOne allows one argument or none.
func atMostOne(cmd *cobra.Command, args []string) error {
	if len(args) <= 1 {
		return nil
	}
	return usageError{fmt.Errorf("usage: %s", cmd.UseLine())}
}

func keyQuery(revoke bool, since string) (q control.KeyQuery, err error) {
	q.Revoke = revoke
	switch since {
	case "":
		return q, nil
	case "none":
		q.Distrust = true
	default:
		seq, err := strconv.ParseUint(since, 10, 64)
		if err != nil || seq > protocol.MaxInt {
			return q, fmt.Errorf("--since %q is neither the seq of a head nor none", since)
		}
		q.Since = &seq
	}
	if !revoke {
		return q, errors.New("--since goes with --revoke: without it all heads stay trusted")
	}
	return q, nil
}

// writeRequest writes the request and says on standard error what is in it, when
// standard output is for the file.
func (a *app) writeRequest(r node.KeyRequest, args []string) error {
	plan, err := r.Plan()
	if err != nil {
		return err
	}
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	b = append(b, '\n')
	name := "FILE"
	if len(args) == 0 {
		if _, err := a.out.Write(b); err != nil || a.json {
			return err
		}
	} else if err := writeFile(args[0], b); err != nil {
		return err
	} else if name = args[0]; a.json {
		return a.printJSON(map[string]any{"file": name, "plan": plan})
	}
	a.warn("%s\nNothing has changed yet. Next, where your 24 words are:\n  stoa key sign %s signed.json\nand then here:\n  stoa key apply signed.json", planText(plan), name)
	return nil
}

func writeFile(name string, b []byte) error {
	if err := os.WriteFile(name, b, 0o600); err != nil {
		return fmt.Errorf("%s can't be written: %w", name, err)
	}
	return nil
}

// readFile reads a small file that was named.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fileError(name, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, node.MaxKeyFile+1))
	if err != nil {
		return nil, fileError(name, err)
	}
	return b, nil
}

// planText says in plain words what an operation changes.
func planText(p node.KeyPlan) string {
	var b strings.Builder
	line := func(what, format string, args ...any) {
		fmt.Fprintf(&b, "\n  %-11s %s", what, fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(&b, "Operation %d of %s:", p.N, p.Name)
	line("brand", "%s", p.Brand)
	if p.Merges {
		line("merges", "the two branches of the brand's contested identity")
	} else if len(p.Added)+len(p.Removed) == 0 && p.EpochFrom == p.EpochTo {
		line("lengthens", "the shorter branch of the contested identity; a merge comes next")
	}
	if p.EpochFrom == p.EpochTo {
		line("epoch", "stays %d", p.EpochTo)
	} else {
		line("epoch", "%d becomes %d: all heads of epoch %[1]d are history then", p.EpochFrom, p.EpochTo)
	}
	for _, id := range p.Added {
		line("new key", "%s", id)
	}
	for _, id := range p.Removed {
		line("shut out", "key %s", id)
	}
	for _, id := range p.Kept {
		line("stays", "key %s", id)
	}
	if p.Domain != "" {
		line("domain", "%s", p.Domain)
	}
	line("last good", "%s", lastGoodText(p))
	return b.String()
}

func lastGoodText(p node.KeyPlan) string {
	switch {
	case p.LastGood != nil:
		return fmt.Sprintf("head %d (%s); what the keys shut out signed after it is disputed", p.LastGood.Seq, p.LastGood.Head)
	case p.EpochFrom < p.EpochTo:
		return "none: whatever the keys shut out signed is disputed"
	}
	return "all heads stay trusted"
}
