package main

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/cmd/stoa/control"
	"github.com/stoa-commerce/stoa/cmd/stoa/demo"
)

// furnish founds the demo's homes in a folder as the demo does, but for the
// pictures, which take long to draw.
func furnish(t *testing.T, folder string) {
	t.Helper()
	stalls, err := stalls(folder, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range stalls {
		files := filepath.Join(s.home, "files")
		if err := os.MkdirAll(filepath.Join(files, "images"), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(files, "products.csv"), s.brand.Products)
		write(t, filepath.Join(files, "shop.json"), s.brand.Shop)
		for _, args := range s.founding() {
			stoa(t, s.home, args...)
		}
		if err := mark(s.home, doneFile); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheDemosShopsGoThroughThePublicCommands(t *testing.T) {
	folder := t.TempDir()
	furnish(t, folder)
	for _, b := range demo.Brands() {
		t.Run(b.Folder, func(t *testing.T) {
			home := filepath.Join(folder, b.Folder)
			var products []control.Product
			if err := json.Unmarshal([]byte(stoa(t, home, "products")), &products); err != nil {
				t.Fatal(err)
			}
			if len(products) < 24 {
				t.Errorf("%d products; a range worth opening has 24", len(products))
			}
			var again control.ApplyResult
			if err := json.Unmarshal([]byte(stoa(t, home, "apply", filepath.Join(home, "files", "shop.json"))), &again); err != nil || again.Changed {
				t.Errorf("applying the shop again changed it: %v", err)
			}
		})
	}
}

// newcomer is somebody who has opened the demo and tries what it says.
type newcomer struct {
	t    *testing.T
	env  []string
	dir  string
	text string // what the demo printed
}

// shell runs a line as it was printed.
func (n *newcomer) shell(line string) *exec.Cmd {
	cmd := exec.CommandContext(n.t.Context(), "sh", "-c", "exec "+line)
	cmd.Env, cmd.Dir = n.env, n.dir
	return cmd
}

// paste runs the line of the demo's text that holds a word.
func (n *newcomer) paste(word string) string {
	n.t.Helper()
	line := n.find(regexp.MustCompile(`(?m)^  (stoa .*` + word + `.*)$`))
	out, err := n.shell(line).CombinedOutput()
	if err != nil {
		n.t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return string(out)
}

func (n *newcomer) find(what *regexp.Regexp) string {
	n.t.Helper()
	m := what.FindStringSubmatch(n.text)
	if m == nil {
		n.t.Fatalf("the demo doesn't say %s:\n%s", what, n.text)
	}
	return m[1]
}

// openDemo runs "stoa demo" as a process until the test ends, and reads what it
// has to say.
func openDemo(t *testing.T, args string) *newcomer {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	user, bin := t.TempDir(), t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, "stoa")); err != nil {
		t.Skip("no symbolic links here")
	}
	n := &newcomer{t: t, dir: t.TempDir(), env: append(os.Environ(), "HOME="+user, "STOA_HOME=", "XDG_CACHE_HOME=", "PATH="+bin+":"+os.Getenv("PATH"))}
	furnish(t, filepath.Join(user, ".stoa", "demo"))
	cmd := exec.Command("sh", "-c", "exec stoa demo "+args)
	cmd.Env, cmd.Dir = n.env, n.dir
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt) // it may have ended
		if err := <-ended; err != nil {
			t.Errorf("the demo ended with %v", err)
		}
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		n.text += lines.Text() + "\n"
		if strings.HasPrefix(lines.Text(), "Ctrl-C") || lines.Text() == "]" {
			break
		}
	}
	go func() { ended <- cmd.Wait() }()
	return n
}

func TestWhatTheDemoProposesWorksAsPrinted(t *testing.T) {
	if testing.Short() {
		t.Skip("waits until a brand is missed")
	}
	t.Parallel()
	n := openDemo(t, "--port 38181")
	street := n.find(regexp.MustCompile(`(?m)^  (http://\S+/@tea/p/\S+)$`))
	price := n.find(regexp.MustCompile(`(?m)set-price \S+ ([0-9.]+) `))
	_, before := n.look(street)
	if strings.Contains(before, price) {
		t.Fatalf("it costs %s already", price)
	}
	n.paste("set-price")
	within(t, patience, "the street shows the new price", func() bool { _, body := n.look(street); return strings.Contains(body, price) })
	_, before = n.look(street)

	n.paste("demo stop")
	shop := n.find(regexp.MustCompile(`(?m)^  (http://\S+:[0-9]+/p/\S+)$`))
	if _, _, err := page(t.Context(), shop); err == nil {
		t.Errorf("%s still answers", shop)
	}
	within(t, 2*time.Minute, "the tea house is missed", func() bool { return n.teaAtStreet() == "stale" })
	if status, after := n.look(street); status != http.StatusOK || after == before || !strings.Contains(after, price) {
		t.Errorf("status %d; the page doesn't say that the brand is away", status)
	}

	n.paste("demo start")
	if status, _ := n.look(shop); status != http.StatusOK {
		t.Errorf("%s: status %d", shop, status)
	}
	within(t, patience, "the tea house is back", func() bool { return n.teaAtStreet() == "current" })
}

func (n *newcomer) look(url string) (int, string) {
	n.t.Helper()
	status, body, err := page(n.t.Context(), url)
	if err != nil {
		n.t.Fatal(err)
	}
	return status, body
}

// teaAtStreet is what stoa brands says of the tea house at the street.
func (n *newcomer) teaAtStreet() string {
	n.t.Helper()
	out, err := n.shell("stoa brands --json --home ~/.stoa/demo/street").Output()
	var list []control.Brand
	if err == nil {
		err = json.Unmarshal(out, &list)
	}
	if err != nil {
		n.t.Fatal(err)
	}
	for _, b := range list {
		if b.Handle == tryShop {
			return string(b.State)
		}
	}
	return "not followed"
}

func TestTheDemoInJSONSaysWhereEverythingIs(t *testing.T) {
	n := openDemo(t, "--port 38281 --json")
	var list []openShop
	if err := json.Unmarshal([]byte(n.text), &list); err != nil || len(list) != 4 {
		t.Fatalf("%v\n%s", err, n.text)
	}
	for _, s := range list {
		status, _ := n.look(s.Shop)
		if status != http.StatusOK || s.Name == "" || s.Folder == "" || s.Home == "" || s.PeerID == "" || len(s.Listen) == 0 {
			t.Errorf("status %d of %+v", status, s)
		}
		brands, err := followed(context.WithoutCancel(t.Context()), s.Home)
		want := 2
		if s.Folder == demo.Street {
			want = 3
		}
		if err != nil || len(brands) != want || !whole(brands) {
			t.Errorf("%s follows %d brands, %v", s.Folder, len(brands), err)
		}
	}
	if out, err := n.shell("stoa demo stop nobody").CombinedOutput(); err == nil || !strings.Contains(string(out), "phones, cosmetics, tea and street") {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := n.shell("stoa demo").CombinedOutput(); err == nil || !strings.Contains(string(out), "open already") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestLinesToPasteSayHowTheProgramWasStarted(t *testing.T) {
	for name, ran := range map[string]bool{
		"/tmp/go-build3729078659/b001/exe/stoa": true,
		"/root/.cache/go-build/4d/4d4708f362af7a46d41da88f74f5f83d7f84d31e6d68230ca620833068db9db2-d/stoa": true,
		"stoa": false, "./stoa": false, "/usr/local/bin/stoa": false, "/home/b001/exe/bin/stoa": false,
	} {
		if goRun.MatchString(name) != ran {
			t.Errorf("%s: taken for 'go run': %v", name, !ran)
		}
	}
	for word, want := range map[string]string{"a/b": "a/b", "my shops": "'my shops'", "it's": `'it'\''s'`, "$HOME": "'$HOME'"} {
		if got := shellWord(word); got != want {
			t.Errorf("%s is pasted as %s", word, got)
		}
	}
}
