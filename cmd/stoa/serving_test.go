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
	"regexp"
	"slices"
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

// servedKey is where a script keeps its servers.
type servedKey struct{}

// serverOf returns the server of the script's present home.
func serverOf(ts *testscript.TestScript) *served {
	all, _ := ts.Value(servedKey{}).(map[string]*served)
	home := ts.Getenv("STOA_HOME")
	if all[home] == nil {
		all[home] = new(served)
	}
	return all[home]
}

// serveCmd starts "stoa serve" on free ports and waits until it is open. It meets
// nobody unless the arguments say where it listens. What it logs is in serve.log.
// The script's end kills it. BRAND, SHOP and NODE say what it is and where.
func serveCmd(ts *testscript.TestScript, _ bool, args []string) {
	s := serverOf(ts)
	if !slices.Contains(args, "--listen") {
		args = append([]string{"--listen", "none"}, args...)
	}
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
	ts.Setenv("SHOP", s.places.Shop)
	ts.Setenv("NODE", s.places.node())
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
	fmt.Fprint(ts.Stdout(), fetch(ts, base+args[0]))
}

// fetch returns status, location and body of an address, without being redirected.
func fetch(ts *testscript.TestScript, url string) string {
	client := http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Get(url)
	ts.Check(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	ts.Check(err)
	return fmt.Sprintf("status %d\nlocation %s\n%s", res.StatusCode, res.Header.Get("Location"), body)
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

// brandEnv puts the brand of the status on standard output into a variable:
// brandenv NAME.
func brandEnv(ts *testscript.TestScript, _ bool, args []string) {
	brand, ok := jsonAt(ts, "brand").(string)
	if !ok {
		ts.Fatalf("no brand in %s", ts.ReadFile("stdout"))
	}
	ts.Setenv(args[0], brand)
}

// untilGet fetches an address of the shop until the answer matches: untilget PATH
// REGEXP.
func untilGet(ts *testscript.TestScript, _ bool, args []string) {
	want := regexp.MustCompile(args[1])
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if body := fetch(ts, serverOf(ts).places.Shop+args[0]); want.MatchString(body) {
			return
		} else if time.Now().After(end) {
			ts.Fatalf("%s never has %s:\n%s", args[0], args[1], body)
		}
	}
}

// followersUp waits until every follower has the brand's latest catalog.
func followersUp(ts *testscript.TestScript, _ bool, _ []string) {
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		ts.Check(ts.Exec("stoa", "status", "--json"))
		if latest := jsonAt(ts, "head.seq"); latest == jsonAt(ts, "followers.0.seq") && latest != nil {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("followers stay behind: %s", ts.ReadFile("stdout"))
		}
	}
}

// tryCmd runs stoa, whatever comes of it: try ARGS….
func tryCmd(ts *testscript.TestScript, _ bool, args []string) { _ = ts.Exec("stoa", args...) }
