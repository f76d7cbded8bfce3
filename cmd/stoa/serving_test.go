package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// served is a "stoa serve" that a script has started.
type served struct {
	cmd    *exec.Cmd
	places places
	log    *os.File
}

// servedKey is where a script keeps its server.
type servedKey struct{}

func serverOf(ts *testscript.TestScript) *served {
	s, _ := ts.Value(servedKey{}).(*served)
	return s
}

// serveCmd starts "stoa serve" on free ports and waits until it is open. What it
// logs is in serve.log. The script's end kills it.
func serveCmd(ts *testscript.TestScript, _ bool, args []string) {
	s := serverOf(ts)
	args = append([]string{"serve", "--http", "localhost:0", "--admin", "localhost:0", "--json", "--home", ts.Getenv("STOA_HOME")}, args...)
	s.cmd = exec.Command("stoa", args...)
	s.cmd.Env = append(os.Environ(), "HOME="+ts.Getenv("HOME"), "XDG_CACHE_HOME=")
	log, err := os.Create(ts.MkAbs("serve.log"))
	ts.Check(err)
	s.log, s.cmd.Stderr = log, log
	out, err := s.cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(s.cmd.Start())
	ts.Defer(func() {
		_ = s.cmd.Process.Kill() // ended already, if the script has stopped it
		_ = s.cmd.Wait()
		_ = log.Close()
	})
	if err := json.NewDecoder(bufio.NewReader(out)).Decode(&s.places); err != nil {
		ts.Fatalf("serve: %v\n%s", err, ts.ReadFile("serve.log"))
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // ends with the process
	ts.Setenv("BRAND", s.places.Brand)
}

// shutCmd ends the server: shut asks it to, shut kill doesn't.
func shutCmd(ts *testscript.TestScript, _ bool, args []string) {
	s := serverOf(ts)
	if len(args) > 0 && args[0] == "kill" {
		ts.Check(s.cmd.Process.Kill())
		_ = s.cmd.Wait() // it was killed
		return
	}
	ts.Check(s.cmd.Process.Signal(syscall.SIGTERM))
	if err := s.cmd.Wait(); err != nil {
		ts.Fatalf("serve ended with %v\n%s", err, ts.ReadFile("serve.log"))
	}
}

// getCmd fetches an address of the shop, with "get admin PATH" of the owner's
// listener. Status and body become stdout.
func getCmd(ts *testscript.TestScript, _ bool, args []string) {
	base := serverOf(ts).places.Shop
	if args[0] == "admin" {
		base, args = serverOf(ts).places.Admin, args[1:]
	}
	client := http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Get(base + args[0])
	ts.Check(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "status %d\nlocation %s\n%s", res.StatusCode, res.Header.Get("Location"), body)
}

// bigCSV writes a product file of so many products: bigcsv FILE N.
func bigCSV(ts *testscript.TestScript, _ bool, args []string) {
	var n int
	_, err := fmt.Sscan(args[1], &n)
	ts.Check(err)
	var b strings.Builder
	b.WriteString("Handle,Title,Body (HTML),Variant SKU,Variant Price\n")
	for i := range n {
		fmt.Fprintf(&b, "big-%d,Big %d,<p>%s</p>,BIG-%d,5.00\n", i, i, strings.Repeat("many words ", 40), i)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(b.String()), 0o600))
}

// codeCmd runs stoa and checks its exit code: code N ARGS….
func codeCmd(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec("stoa", args[1:]...)
	var exit *exec.ExitError
	code := 0
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got := fmt.Sprint(code); got != args[0] {
		ts.Fatalf("exit code %s, want %s", got, args[0])
	}
}
