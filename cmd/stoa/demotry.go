package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/stoa-commerce/stoa/cmd/stoa/control"
)

// What the demo proposes to change: the price of a tea, of the variant that its page
// shows first.
const (
	tryShop    = "tea"
	tryPath    = "/p/uji-sencha"
	tryVariant = "LT-SE-50P"
	tryPrice   = "9.90" // and back to
	tryUsual   = "11.90"
)

// openShop is a shop of the demo in JSON.
type openShop struct {
	Name   string `json:"name"`
	Folder string `json:"folder"`
	Home   string `json:"home"`
	places
}

// told says, once everything is open, what there is and what to try.
func (d *demoRun) told(ctx context.Context) error {
	d.note("\nThe shops are being copied to each other …")
	d.arrived(ctx)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.json {
		var all []openShop
		for _, s := range append(d.stalls[1:], d.stalls[0]) {
			if s.at != nil {
				all = append(all, openShop{s.name, s.folder, s.home, *s.at})
			}
		}
		_ = d.printJSON(all) // nobody listens at out: the shops are open all the same
		return nil
	}
	for _, s := range d.stalls {
		if s.folder == tryShop && s.at != nil && d.stalls[0].at != nil {
			return d.suggest(ctx, s)
		}
	}
	return nil // somebody has found the switch already
}

// suggest says what to try, in lines to paste into another terminal.
func (d *demoRun) suggest(ctx context.Context, s *stall) error {
	price, err := anotherPrice(ctx, s.home)
	if err != nil {
		return err
	}
	stoa, folder, home := typed(), shellPath(d.folder), ""
	if d.folder != usualDemo() {
		home = " --home " + folder
	}
	d.say(`
All are open. Each is a node of its own and shows the others at /brands. The street
sells nothing: it keeps copies, and checks every one against its brand's signature.
Look at them on a phone's width, too.

Try this, in a second terminal in this folder.

Change a price, and see it on the street:
  %[1]s set-price %[2]s %[3]s --home %[4]s/%[5]s
  %[6]s

Ask about the tea or buy it there: the street passes on what it can't read. Then be
the shop, and see each line appear in the conversation:
  %[1]s inbox --home %[4]s/%[5]s
  %[1]s reply 1001 "It leaves tomorrow." --home %[4]s/%[5]s
  %[1]s order 1001 --mark-paid --home %[4]s/%[5]s
  %[1]s order 1001 --ship --home %[4]s/%[5]s

Stop that brand, then look at its own shop and at the street again. Within a minute
the street says since when it hasn't heard from the brand. What you write meanwhile
waits there:
  %[1]s demo stop %[5]s%[8]s
  %[7]s
  %[6]s

Open it again:
  %[1]s demo start %[5]s%[8]s

Ctrl-C closes them all.`, stoa, tryVariant, price, folder, s.folder, d.atStreet(s, tryPath), s.at.Shop+tryPath, home)
	return nil
}

// usualDemo is where a demo is that was told of no home; "" if that can't be said.
func usualDemo() string {
	home, err := os.UserHomeDir()
	if err != nil || os.Getenv("STOA_HOME") != "" {
		return ""
	}
	return filepath.Join(home, ".stoa", "demo")
}

// anotherPrice returns a price for the variant that it doesn't have now.
func anotherPrice(ctx context.Context, home string) (string, error) {
	c, err := control.Dial(ctx, (&app{home: home}).options(io.Discard))
	if err != nil {
		return "", err
	}
	defer c.Close()
	list, err := c.Products(ctx, tryVariant)
	if err != nil {
		return "", err
	}
	for _, p := range list {
		for _, v := range p.Variants {
			if v.ID == tryVariant && v.Price == tryPrice {
				return tryUsual, nil
			}
		}
	}
	return tryPrice, nil
}

// goRun matches where 'go run' puts a program.
var goRun = regexp.MustCompile(`/b[0-9]+/exe/[^/]+$|/[0-9a-f]{64}-d/[^/]+$`)

// typed returns how this program is called from the folder it was called in, for a
// shell.
func typed() string {
	name := os.Args[0]
	if !goRun.MatchString(filepath.ToSlash(name)) {
		return shellWord(name)
	}
	if _, err := os.Stat(filepath.Join("cmd", "stoa", "main.go")); err == nil {
		return "go run ./cmd/stoa"
	}
	return "go run " + mainPackage
}

// mainPackage is this program's import path.
const mainPackage = "github.com/stoa-commerce/stoa/cmd/stoa"

// shellPath returns a folder for a shell, short where it is in the user's own.
func shellPath(folder string) string {
	if home, err := os.UserHomeDir(); err == nil {
		rest, inside := strings.CutPrefix(folder, home+string(filepath.Separator))
		if inside && shellWord(rest) == rest {
			return "~/" + rest
		}
	}
	return shellWord(folder)
}

// plainWord is what a shell takes as it is.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,-]+$`)

// shellWord quotes a word for a shell where it must be.
func shellWord(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
