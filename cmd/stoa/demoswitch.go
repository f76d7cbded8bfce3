package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stoa-commerce/stoa/cmd/stoa/control"
	"github.com/stoa-commerce/stoa/cmd/stoa/demo"
)

// switched is what became of a stall that was to be opened or closed.
type switched struct {
	Name   string `json:"name"`
	Open   bool   `json:"open"`
	Shop   string `json:"shop"`   // its own address
	Street string `json:"street"` // its address at the street
	Error  string `json:"error,omitempty"`
}

func (a *app) demoSwitchCommand(verb, short string) *cobra.Command {
	return &cobra.Command{
		Use:     verb + " SHOP",
		Short:   short,
		Long:    short + ".\nSHOP is phones, cosmetics, tea or street; the demo runs in another terminal.",
		Example: "  stoa demo " + verb + " tea",
		Args:    exactly("SHOP"),
		RunE: func(cmd *cobra.Command, args []string) error {
			result, err := flick(cmd.Context(), a.demoFolder(cmd), verb, args[0])
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(result)
			}
			a.switchedText(result)
			return nil
		},
	}
}

func (a *app) switchedText(r switched) {
	if r.Open {
		a.say("%s is open again at %s", r.Name, r.Shop)
		return
	}
	a.say("%s is closed: nothing answers at %s any more.", r.Name, r.Shop)
	if r.Street != "" {
		a.say("The street still has it: %s\nWithin a minute it says since when it hasn't heard from the brand.", r.Street)
	}
}

// flick asks the demo that runs in a folder to close or open a shop.
func flick(ctx context.Context, folder, verb, name string) (switched, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://stoa/"+verb, strings.NewReader(name))
	if err != nil {
		return switched{}, err
	}
	res, err := control.Over(folder).Do(req)
	if err != nil {
		return switched{}, fmt.Errorf("no demo is open in %s: 'stoa demo' opens it", folder)
	}
	defer res.Body.Close()
	var out switched
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		return out, fmt.Errorf("the demo ended without an answer: %w", err)
	}
	if out.Error != "" {
		return out, errors.New(out.Error)
	}
	return out, nil
}

// running reports whether a demo runs in a folder.
func running(ctx context.Context, folder string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://stoa/", nil)
	if err != nil {
		return false
	}
	res, err := control.Over(folder).Do(req)
	if err != nil {
		return false
	}
	res.Body.Close()
	return true
}

// listen opens the demo's switch. It serves until ctx ends.
func (d *demoRun) listen(ctx context.Context) error {
	l, err := control.Listen(ctx, d.folder)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /stop", d.switcher(func(s *stall) error {
		if s.at == nil {
			return fmt.Errorf("%s is closed already", s.name)
		}
		s.close()
		s.at = nil
		return nil
	}))
	mux.HandleFunc("POST /start", d.switcher(func(s *stall) error {
		if s.at != nil {
			return fmt.Errorf("%s is open already", s.name)
		}
		return d.open(ctx, s)
	}))
	d.group.Go(func() error { return serveUntil(ctx, &http.Server{Handler: mux}, l) })
	return nil
}

// maxName bounds the name of a shop in a request.
const maxName = 100

// switcher does something with the stall that a request names.
func (d *demoRun) switcher(do func(*stall) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name, err := io.ReadAll(io.LimitReader(r.Body, maxName))
		var out switched
		if err == nil {
			out, err = d.switchStall(string(name), do)
		}
		if err != nil {
			out.Error = err.Error()
		}
		_ = json.NewEncoder(w).Encode(out) // a client that went away needs no answer
	}
}

func (d *demoRun) switchStall(name string, do func(*stall) error) (switched, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.stalls {
		if s.folder != name {
			continue
		}
		err := do(s)
		return switched{Name: s.name, Open: s.at != nil, Shop: "http://" + s.http, Street: d.atStreet(s, "/")}, err
	}
	return switched{}, fmt.Errorf("the demo has no shop %q: there are %s", name, d.names())
}

func (d *demoRun) names() string {
	var all []string
	for _, s := range d.stalls[1:] {
		all = append(all, s.folder)
	}
	return strings.Join(all, ", ") + " and " + demo.Street
}

// atStreet returns the address of a shop's page at the street, "" while that is
// closed.
func (d *demoRun) atStreet(s *stall, path string) string {
	street := d.stalls[0]
	if street.at == nil || s == street {
		return ""
	}
	return street.at.Shop + "/@" + s.folder + path
}
