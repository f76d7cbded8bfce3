package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/stoa-commerce/stoa/cmd/stoa/control"
	"github.com/stoa-commerce/stoa/node"
)

func (a *app) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Say how the node is",
		Args:  exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.reach(cmd, func(c *control.Client) error {
				st, err := c.Status(cmd.Context())
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(struct {
						node.Status
						Running bool `json:"running"`
					}{st, c.Running})
				}
				a.statusText(st, c.Running)
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
	a.say("%s, %s\n  brand     %s\n  head      number %d of %s, good until %s\n  products  %d published, %d records",
		st.Name, state, st.Brand, st.Head.Seq, day(st.Head.Time.Time()), day(st.Head.Expires.Time()), st.Products, st.Records)
	if st.Head.Expired {
		a.say("  The head has expired: 'stoa serve' signs it anew.")
	}
	if st.MissingPictures > 0 {
		a.say("  %d pictures could not be fetched yet; 'stoa serve' keeps trying.", st.MissingPictures)
	}
	if st.Alarm != nil {
		a.warn("ALARM: head %d of %s was signed with your brand's key elsewhere.\n%s", st.Alarm.Seq, day(st.Alarm.Time.Time()), alarmAdvice)
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
				a.say("Signing again: head %d.", result.Head.Seq)
				return nil
			})
		},
	}
}
