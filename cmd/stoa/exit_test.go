package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestExitCodes(t *testing.T) {
	home := t.TempDir()
	cases := []struct {
		args string
		want int
	}{
		{"--help", exitDone},
		{"init --help", exitDone},
		{"frobnicate", exitUsage},
		{"init", exitUsage},
		{"products --nonsense", exitUsage},
		{"set-price A", exitUsage},
		{"verify a b", exitUsage},
		{"serve --admin 0.0.0.0:0", exitUsage},
		{"init --name X --country Germany", exitUsage},
		{"verify FILE --brand nonsense", exitUsage},
		{"products", exitFailed},
		{"verify no-such-file", exitFailed},
	}
	for _, c := range cases {
		var out, errs strings.Builder
		got := run(t.Context(), append(strings.Fields(c.args), "--home", home), tty{in: strings.NewReader(""), out: &out, err: &errs})
		if got != c.want {
			t.Errorf("stoa %s: exit %d, want %d\n%s%s", c.args, got, c.want, out.String(), errs.String())
		}
		if got != exitDone && errs.Len() == 0 {
			t.Errorf("stoa %s: failed without a word", c.args)
		}
	}
}

func TestAFileDoesNotSteerTheTerminal(t *testing.T) {
	home, file := t.TempDir(), filepath.Join(t.TempDir(), "hostile.csv")
	if err := os.WriteFile(file, []byte("Title,Price,\x1b]0;evil\x07\nA\x1b[2J,x\x1b[31m,1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs strings.Builder
	for _, args := range [][]string{{"init", "--name", "A"}, {"import", file}} {
		run(t.Context(), append(args, "--home", home), tty{in: strings.NewReader(""), out: &out, err: &errs})
	}
	if text := out.String() + errs.String(); !strings.Contains(text, "evil") || strings.ContainsAny(text, "\x1b\x07") {
		t.Errorf("%q", text)
	}
}

func TestRecoveryWordsAreAskedBackOnATerminal(t *testing.T) {
	var out, errs strings.Builder
	args := []string{"init", "--name", "Corner Tea", "--home", t.TempDir()}
	code := run(t.Context(), args, tty{in: strings.NewReader("nonsense\n"), out: &out, err: &errs, interactive: true})
	if code != exitFailed || !strings.Contains(out.String(), "Look at your paper") || !strings.Contains(errs.String(), "not confirmed") {
		t.Errorf("exit %d\n%s%s", code, out.String(), errs.String())
	}
}
