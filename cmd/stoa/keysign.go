package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/stoa-commerce/stoa/node"
	"github.com/stoa-commerce/stoa/node/keys"
)

func (a *app) keySignCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "sign REQUEST SIGNED",
		Short: "Sign a request with the 24 words, on any machine",
		Long: `Shows what a request changes, asks for the 24 recovery words and writes the signed
operation to the file SIGNED. It needs no home and no network, and keeps nothing. On
a terminal what you type of the words isn't shown; without one they are read from
standard input, and --yes confirms.`,
		Example: `  stoa key sign request.json signed.json
  stoa key sign request.json signed.json --yes < words.txt`,
		Args: exactly("REQUEST", "SIGNED"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !yes && !a.interactive {
				return usageError{errors.New("nobody types here who could confirm: --yes does")}
			}
			return a.keySign(cmd.Context(), args[0], args[1], yes)
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "sign without asking whether to")
	return cmd
}

func (a *app) keySign(ctx context.Context, request, to string, yes bool) error {
	b, err := readFile(request)
	if err != nil {
		return err
	}
	r, err := node.ReadKeyRequest(b)
	if err != nil {
		return err
	}
	plan, err := r.Plan()
	if err != nil {
		return err
	}
	words, err := a.agree(ctx, plan, yes)
	if err != nil {
		return err
	}
	signed, err := r.Sign(words)
	if errors.Is(err, node.ErrOtherWords) {
		return fmt.Errorf("these are well-formed words, but not those that operation %d of %s waits for.\nDo they belong to another brand? Nothing was signed", plan.N, plan.Name)
	}
	if err != nil {
		return err
	}
	return a.writeSigned(signed, plan, to)
}

// agree shows what is to be signed, and returns the words of who agrees.
func (a *app) agree(ctx context.Context, plan node.KeyPlan, yes bool) (keys.Words, error) {
	a.warn("%s\n", planText(plan))
	ask := a.typed(ctx)
	if !yes {
		fmt.Fprint(a.err, "Sign this? Type yes: ")
		if answer, ok := ask(false); !ok || !strings.EqualFold(strings.TrimSpace(answer), "yes") {
			return keys.Words{}, errors.New("nothing was signed")
		}
	}
	text, err := a.askWords(ask)
	if err != nil {
		return keys.Words{}, err
	}
	words, err := keys.ParseWords(text)
	if errors.Is(err, keys.ErrWords) {
		return words, errors.New("these are not the 24 words in their order: one is misspelt, missing or in the wrong place.\nLook at your paper and try again. Nothing was signed")
	}
	return words, err
}

// asking returns the next line that is typed, false when none comes any more. What
// is secret isn't shown.
type asking func(secret bool) (string, bool)

// typed reads from a terminal without showing what is secret, else line by line.
func (a *app) typed(ctx context.Context) asking {
	if f, ok := a.in.(*os.File); ok && a.interactive {
		return func(secret bool) (string, bool) { return a.fromTerminal(ctx, f, secret) }
	}
	in := a.lines(ctx)
	return func(bool) (string, bool) { return next(ctx, in) }
}

// fromTerminal reads one line. A terminal that shows nothing is put right again when
// ctx ends meanwhile.
func (a *app) fromTerminal(ctx context.Context, f *os.File, secret bool) (string, bool) {
	fd := int(f.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", false
	}
	line := make(chan string, 1)
	go func() {
		defer close(line)
		if text, err := readLine(f, secret); err == nil {
			line <- text
		}
	}()
	text, ok := next(ctx, line)
	if secret {
		a.warn("")
	}
	return text, term.Restore(fd, before) == nil && ok
}

// readLine reads a line and nothing behind it.
func readLine(f *os.File, secret bool) (string, error) {
	if secret {
		b, err := term.ReadPassword(int(f.Fd()))
		return string(b), err
	}
	var line []byte
	for b := make([]byte, 1); ; line = append(line, b[0]) {
		if _, err := f.Read(b); err != nil || b[0] == '\n' {
			return string(line), err
		}
	}
}

// askWords asks for the words one by one; a line may also hold several of them.
func (a *app) askWords(ask asking) (string, error) {
	if a.interactive {
		a.warn("Now the 24 words. What you type isn't shown.")
	}
	var words []string
	for len(words) < keys.WordCount {
		if a.interactive {
			fmt.Fprintf(a.err, "Word %d: ", len(words)+1)
		}
		line, ok := ask(true)
		if !ok {
			return strings.Join(words, " "), a.wordsEnded(len(words))
		}
		words = append(words, a.known(strings.Fields(line), len(words))...)
	}
	return strings.Join(words, " "), nil
}

func (a *app) wordsEnded(count int) error {
	return fmt.Errorf("only %d of the 24 words came. Nothing was signed", count)
}

// known returns the words of a line, on a terminal up to the first that is none, so
// that it can be typed again.
func (a *app) known(words []string, before int) []string {
	for i, w := range words {
		if a.interactive && !keys.IsWord(w) {
			a.warn("Word %d isn't one of those that recovery words are made of. Look at your paper and type it again.", before+i+1)
			return words[:i]
		}
	}
	return words
}

func (a *app) writeSigned(s node.SignedKey, plan node.KeyPlan, to string) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if err := writeFile(to, append(b, '\n')); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(map[string]any{"file": to, "operation": s.Operation, "plan": plan})
	}
	a.say("Signed. Next, on the node: stoa key apply %s", to)
	return nil
}
