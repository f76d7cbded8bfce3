package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/stoa-commerce/stoa/cmd/stoa/control"
	"github.com/stoa-commerce/stoa/node"
)

func (a *app) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Say how the shop is: running or not, what is signed, what is missing",
		Args:  exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.reach(cmd, func(c *control.Client) error {
				st, err := c.Status(cmd.Context())
				if err != nil {
					return err
				}
				st.Listen, st.Followers = append([]string{}, st.Listen...), append([]node.FollowerStatus{}, st.Followers...)
				waits, err := inReview(cmd.Context(), c)
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(struct {
						node.Status
						Running       bool `json:"running"`
						StockInReview int  `json:"stockInReview"` // tracked variants that aren't sold until 'stoa stock --reviewed'
					}{st, c.Running, waits})
				}
				a.statusText(st, c.Running)
				a.reviewText(waits)
				return nil
			})
		},
	}
}

func (a *app) statusText(st node.Status, running bool) {
	state := "not running"
	if running {
		state = "running"
	}
	a.say("%s, %s\n  brand     %s\n  catalog   signed %s, good until %s\n  products  %d published, in %s",
		st.Name, state, st.Brand, day(st.Head.Time.Time()), day(st.Head.Expires.Time()), st.Products, counted(int(st.Records), "signed record"))
	if st.Head.Expired {
		a.say("  The signature has expired: 'stoa serve' signs it anew.")
	}
	if st.MissingPictures > 0 {
		a.say("  %s could not be fetched yet; 'stoa serve' keeps trying.", counted(st.MissingPictures, "picture"))
	}
	a.reachText(st)
	if st.Alarm != nil {
		a.warn("ALARM: head %d of %s was signed with your brand's key elsewhere.\n%s", st.Alarm.Seq, day(st.Alarm.Time.Time()), alarmAdvice)
	}
}

// inReview counts the variants whose stock waits for the owner's word after a restore.
func inReview(ctx context.Context, c *control.Client) (n int, err error) {
	list, err := c.Stocks(ctx, control.StocksQuery{})
	for _, s := range list {
		if s.Review {
			n++
		}
	}
	return n, err
}

func (a *app) reviewText(waits int) {
	if waits > 0 {
		a.warn(`The stock of %s is in review: after a restore, nothing of it is sold before you
have said what there is. 'stoa stock' shows the numbers; 'stoa stock --reviewed' says
that they are right, 'stoa stock VARIANT --set N' corrects one.`, counted(waits, "variant"))
	}
}

// shownBehind is how many followers the text names; --json has all.
const shownBehind = 10

// reachText says where the node is reached, and which followers lack the latest
// catalog.
func (a *app) reachText(st node.Status) {
	if addr := (places{Listen: st.Listen}).node(); addr != "" {
		a.say("  address   %s", addr)
	}
	var behind []node.FollowerStatus
	for _, f := range st.Followers {
		if f.Seq < st.Head.Seq {
			behind = append(behind, f)
		}
	}
	if n := len(st.Followers); n > 0 {
		a.say("  mirrors   %d, of which %d have the latest catalog", n, n-len(behind))
	}
	for _, f := range behind[:min(shownBehind, len(behind))] {
		a.say("    %s has an older one (%d)", f.Peer, f.Seq)
	}
}

func day(t time.Time) string { return t.Local().Format("2 Jan 2006, 15:04") }

func (a *app) silenceCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "silence",
		Short: "End an alarm: the other node that signed for this brand is stopped",
		Long: `Ends the alarm about a head of your brand that this node didn't sign. Stop the other
node first: two nodes that sign for one brand leave shoppers with two truths. The
node then signs a head above the other one and goes on.`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.reach(cmd, func(c *control.Client) error {
				result, err := c.Silence(cmd.Context())
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(result)
				}
				a.say("The alarm is over: this node signs again.")
				return nil
			})
		},
	}
}
