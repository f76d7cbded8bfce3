package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/cmd/stoa/control"
)

// kills is how often a process is killed; STOA_LONG multiplies it.
func kills() int {
	long, err := strconv.Atoi(os.Getenv("STOA_LONG"))
	if err != nil || long < 1 {
		long = 1
	}
	return 12 * long
}

// stoa runs a command in this process and returns what it printed.
func stoa(t *testing.T, home string, args ...string) string {
	t.Helper()
	var out, errs strings.Builder
	if code := run(t.Context(), append(args, "--home", home, "--json"), tty{in: strings.NewReader(""), out: &out, err: &errs}); code != exitDone {
		t.Fatalf("stoa %s: exit %d\n%s%s", strings.Join(args, " "), code, out.String(), errs.String())
	}
	return out.String()
}

// process is the same command as a process of its own.
func process(t *testing.T, home string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Args = append([]string{"stoa"}, append(args, "--home", home, "--json")...)
	return cmd
}

// priceList writes a file in which every product costs the same.
func priceList(t *testing.T, products, price int) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("Handle,Title,Body (HTML),Variant SKU,Variant Price\n")
	for i := range products {
		fmt.Fprintf(&b, "p%d,Product %d,<p>%s</p>,SKU-%d,%d.00\n", i, i, strings.Repeat("word ", 40), i, price)
	}
	name := filepath.Join(t.TempDir(), "list.csv")
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// onePrice returns the price that all products of the home have, and how many
// they are. Private tables, signed catalog and archive must agree.
func onePrice(t *testing.T, home string) (price string, products int) {
	t.Helper()
	archive := filepath.Join(t.TempDir(), "a.car")
	stoa(t, home, "export", archive)
	stoa(t, home, "verify", archive)
	var list []control.Product
	if err := json.Unmarshal([]byte(stoa(t, home, "products")), &list); err != nil {
		t.Fatal(err)
	}
	var st struct{ Products int }
	if err := json.Unmarshal([]byte(stoa(t, home, "status")), &st); err != nil {
		t.Fatal(err)
	}
	if st.Products != len(list) {
		t.Fatalf("%d products are signed, %d are known", st.Products, len(list))
	}
	for _, p := range list {
		if price == "" {
			price = p.Variants[0].Price
		}
		if p.Variants[0].Price != price {
			t.Fatalf("half an import: %s costs %s, others %s", p.Handle, p.Variants[0].Price, price)
		}
	}
	return price, len(list)
}

func TestAKilledImportLeavesTheOldOrTheNewShop(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes for a while")
	}
	t.Run("changed in place", func(t *testing.T) { killImports(t, 300) })
	t.Run("built beside the live one", func(t *testing.T) { killImports(t, 2500) })
}

// killImports kills imports that give every product a new price, each at some
// moment of its work.
func killImports(t *testing.T, products int) {
	home := t.TempDir()
	stoa(t, home, "init", "--name", "Crash")
	began := time.Now()
	if out, err := process(t, home, "import", priceList(t, products, 1)).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	took := time.Since(began)
	current, killed := "1.00", 0
	for i := 0; i < kills() || killed == 0 && i < 4*kills(); i++ {
		if killedAfter(t, process(t, home, "import", priceList(t, products, i+2)), rand.N(took)) {
			killed++
		}
		price, n := onePrice(t, home)
		next := fmt.Sprintf("%d.00", i+2)
		if n != products || price != current && price != next {
			t.Fatalf("kill %d: %d products at %s; want %d at %s or %s", i, n, price, products, current, next)
		}
		current = price
	}
	if killed == 0 {
		t.Error("every import was done before it could be killed")
	}
}

// killedAfter runs a process and kills it after a while. It reports whether that
// came before the end.
func killedAfter(t *testing.T, cmd *exec.Cmd, d time.Duration) bool {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := time.AfterFunc(d, func() { _ = cmd.Process.Kill() }) // it may have ended
	defer kill.Stop()
	return cmd.Wait() != nil
}

func TestAPriceThatWasAcknowledgedOutlivesAKill(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes for a while")
	}
	home := t.TempDir()
	stoa(t, home, "init", "--name", "Crash")
	stoa(t, home, "import", priceList(t, 1, 1))
	price := 1
	for range kills() / 2 {
		acknowledged := priceUntilKilled(t, home, price)
		got, _ := onePrice(t, home)
		switch got {
		case fmt.Sprintf("%d.00", acknowledged):
			price = acknowledged
		case fmt.Sprintf("%d.00", acknowledged+1): // made durable, not answered any more
			price = acknowledged + 1
		default:
			t.Fatalf("%d.00 was acknowledged, after the kill it costs %s", acknowledged, got)
		}
	}
	if price == 1 {
		t.Error("no price was ever set before the kill")
	}
}

// priceUntilKilled sets one price after another at a node that serves, until that
// is killed, and returns the last one that was acknowledged.
func priceUntilKilled(t *testing.T, home string, price int) int {
	t.Helper()
	cmd := process(t, home, "serve", "--http", "localhost:0", "--admin", "localhost:0", "--listen", "none")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Wait() }() // killed
	defer func() { _ = cmd.Process.Kill() }()
	var at places
	if err := json.NewDecoder(out).Decode(&at); err != nil {
		t.Fatal(err)
	}
	c, err := control.Dial(t.Context(), (&app{home: home}).options(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	kill := time.AfterFunc(rand.N(300*time.Millisecond), func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	for {
		if _, err := c.SetPrice(t.Context(), "SKU-0", strconv.Itoa(price+1)); err != nil {
			return price
		}
		price++
	}
}

func TestAKilledInitLeavesABrandOrNone(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes for a while")
	}
	began := time.Now()
	if out, err := process(t, t.TempDir(), "init", "--name", "Crash").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	took := time.Since(began)
	for range kills() {
		home := filepath.Join(t.TempDir(), "home")
		killedAfter(t, process(t, home, "init", "--name", "Crash"), rand.N(took))
		var out, errs strings.Builder
		if run(t.Context(), []string{"status", "--home", home}, tty{in: strings.NewReader(""), out: &out, err: &errs}) != exitDone {
			if !strings.Contains(errs.String(), "no brand") {
				t.Fatalf("neither a brand nor none: %s", errs.String())
			}
			stoa(t, home, "init", "--name", "Crash")
		}
		stoa(t, home, "import", priceList(t, 2, 1))
		onePrice(t, home)
	}
}
