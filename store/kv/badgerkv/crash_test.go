package badgerkv

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/store/kv"
)

const (
	crashDir   = "STOA_KV_CRASH_DIR"
	crashFrom  = "STOA_KV_CRASH_FROM"
	crashParts = 20 // keys of one update
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		crashChild(dir)
	}
	os.Exit(m.Run())
}

// crashChild writes durable updates from four goroutines and names each on
// standard output once it is acknowledged, until it is killed.
func crashChild(dir string) {
	d, err := Open(Options{Dir: dir})
	if err != nil {
		fmt.Println("failed", err)
		os.Exit(1)
	}
	fmt.Println("ready")
	from, _ := strconv.Atoi(os.Getenv(crashFrom))
	for w := range 4 {
		go func() {
			for n := from + w; ; n += 4 {
				if err := d.Update(context.Background(), kv.Durable, crashWrite(n)); err != nil {
					fmt.Println("failed", err)
					os.Exit(1)
				}
				fmt.Println(n)
			}
		}()
	}
	select {}
}

// crashWrite makes update n: its parts hold 40 KiB, so that memtables fill up
// and logs change during the test.
func crashWrite(n int) func(kv.Txn) error {
	return func(tx kv.Txn) error {
		value := []byte(strings.Repeat(strconv.Itoa(n%10), 2048))
		for part := range crashParts {
			if err := tx.Set(fmt.Appendf(nil, "u/%08d/%02d", n, part), value); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestAcknowledgedUpdatesSurviveKill(t *testing.T) {
	dir := t.TempDir()
	acked := map[int]bool{}
	for round := range 10 {
		killOnce(t, dir, (round+1)*1_000_000, acked)
		checkWhole(t, dir, acked)
	}
	if len(acked) < 10 {
		t.Errorf("only %d updates were acknowledged", len(acked))
	}
}

// killOnce runs a child, kills it after a random while, and notes what it
// had acknowledged.
func killOnce(t *testing.T, dir string, from int, acked map[int]bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashDir+"="+dir, crashFrom+"="+strconv.Itoa(from))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	if first, _ := lines.ReadString('\n'); first != "ready\n" {
		t.Fatalf("child: %s", first)
	}
	time.AfterFunc(rand.N(200*time.Millisecond), func() { cmd.Process.Kill() })
	rest, _ := io.ReadAll(lines)
	cmd.Wait()
	whole, _, _ := strings.Cut(string(rest)+"\x00", "\x00")
	for line := range strings.Lines(whole) {
		if strings.HasPrefix(line, "failed") {
			t.Fatal(line)
		}
		if n, err := strconv.Atoi(strings.TrimSuffix(line, "\n")); err == nil && strings.HasSuffix(line, "\n") {
			acked[n] = true
		}
	}
}

// checkWhole opens the store: each acknowledged update must be there, and
// each update that is there must have all its parts.
func checkWhole(t *testing.T, dir string, acked map[int]bool) {
	t.Helper()
	d, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	parts := countParts(t, d)
	for n := range acked {
		if parts[n] == 0 {
			t.Errorf("acknowledged update %d is gone", n)
		}
	}
	for n, have := range parts {
		if have != crashParts {
			t.Errorf("update %d has %d of %d parts", n, have, crashParts)
		}
	}
}

func countParts(t *testing.T, d *DB) map[int]int {
	t.Helper()
	parts := map[int]int{}
	err := d.View(context.Background(), func(r kv.Reader) error {
		for it, err := range r.Scan(kv.Prefix([]byte("u/")), kv.ScanOptions{KeysOnly: true}) {
			if err != nil {
				return err
			}
			n, err := strconv.Atoi(string(it.Key[2:10]))
			if err != nil {
				return err
			}
			parts[n]++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return parts
}
