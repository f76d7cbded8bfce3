package main

import (
	"github.com/spf13/cobra"

	"github.com/stoa-commerce/stoa/cmd/stoa/control"
	"github.com/stoa-commerce/stoa/node"
)

func (a *app) keyApplyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "apply SIGNED",
		Short: "Put a signed operation in force: switch keys and sign the catalog anew",
		Long: `Takes what 'stoa key sign' wrote: keeps the operation, switches to the new online key
and signs the catalog with it at once. If that shuts keys out, an alarm and a contest
of heads are over with it. Should it be interrupted, run it again.`,
		Example: `  stoa key apply signed.json`,
		Args:    exactly("SIGNED"),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := readFile(args[0])
			if err != nil {
				return err
			}
			signed, err := node.ReadSignedKey(b)
			if err != nil {
				return err
			}
			return a.reach(cmd, func(c *control.Client) error {
				result, err := c.KeyApply(cmd.Context(), signed)
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(result)
				}
				a.appliedText(result)
				return nil
			})
		},
	}
}

func (a *app) appliedText(r control.KeyResult) {
	if r.Contested {
		a.say("Operation %d is kept. The brand's identity still has branches: 'stoa key request' drafts what joins them.", r.N)
		return
	}
	a.say("Operation %d is in force, at epoch %d. This node signs with the key %s.", r.N, r.Epoch, r.Key)
	if r.AlarmOver {
		a.say("The alarm is over. If the whole home was copied, the copy has this node's place in the network,\ntoo: stop 'stoa serve', delete peer.key in the home and start it again.")
	}
	if r.Head == nil {
		a.say("The alarm lasts, so nothing is signed. If the other node is stopped, 'stoa silence' ends it; if\nsomebody has your key, 'stoa key request --revoke' begins to shut them out.")
		return
	}
	a.say("The catalog is signed anew; mirrors take it as soon as it reaches them.")
}
