package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/stoa-commerce/stoa/cmd/stoa/demo"
)

// doneFile stands in a demo home that is complete.
const doneFile = "demo.done"

// throwAway removes a home that this command has made, and no other.
func (d *demoRun) throwAway(home string) error {
	if _, err := os.Stat(filepath.Join(home, demoFile)); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return os.RemoveAll(home)
}

// demoFile marks a home as one of the demo's.
const demoFile = "demo.home"

// found founds and fills a demo brand through the public commands, unless it is
// there.
func (d *demoRun) found(ctx context.Context, s *stall, fresh bool) error {
	if _, err := os.Stat(filepath.Join(s.home, doneFile)); err == nil && !fresh {
		return nil
	}
	if err := d.throwAway(s.home); err != nil {
		return err
	}
	if err := mark(s.home, demoFile); err != nil {
		return err
	}
	if err := s.brand.Write(ctx, filepath.Join(s.home, "files")); err != nil {
		return err
	}
	for _, args := range s.founding() {
		if err := d.command(ctx, append(args, "--home", s.home, "--json")); err != nil {
			return fmt.Errorf("stoa %s: %w", args[0], err)
		}
	}
	return mark(s.home, doneFile)
}

// founding are the commands that make the brand of its files.
func (s *stall) founding() [][]string {
	files := filepath.Join(s.home, "files")
	images := filepath.Join(files, "images")
	out := [][]string{{"init", "--name", s.card.Name, "--currency", s.card.Currency, "--country", s.card.Country, "--language", s.card.Language}}
	if len(s.brand.Products) > 0 {
		out = append(out, []string{"import", filepath.Join(files, "products.csv"), "--images", images})
	}
	return append(out, []string{"apply", filepath.Join(files, "shop.json"), "--images", images})
}

func mark(home, file string) error {
	if err := os.MkdirAll(home, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(home, file), nil, 0o600)
}

// identityCard is what init asks for.
type identityCard struct {
	Name     string `json:"name"`
	Currency string `json:"currency"`
	Country  string `json:"country"`
	Language string `json:"language"`
}

func cardOf(b demo.Brand) (identityCard, error) {
	var doc struct {
		Profile identityCard `json:"profile"`
	}
	err := json.Unmarshal(b.Shop, &doc)
	return doc.Profile, err
}

// command runs one of the public commands. What it has to say is shown only when
// it fails.
func (d *demoRun) command(ctx context.Context, args []string) error {
	var out, errs strings.Builder
	if run(ctx, args, tty{in: strings.NewReader(""), out: &out, err: &errs}) == exitDone {
		return nil
	}
	return errors.New(strings.TrimSpace(errs.String() + "\n" + out.String()))
}
