package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stoa-commerce/stoa/node"
	"github.com/stoa-commerce/stoa/node/keys"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/catalog"
	"github.com/stoa-commerce/stoa/store/kv"
)

func (a *app) initCommand() *cobra.Command {
	var name, currency, country, language string
	cmd := &cobra.Command{
		Use:   "init --name NAME",
		Short: "Found a brand: keys, recovery words and an empty shop",
		Long: `Founds a brand in the home folder. It shows 24 recovery words once: they are the
brand. Write them down on paper; they are stored nowhere. On a terminal three of
them are asked back before the brand is ready.`,
		Example: `  stoa init --name "Lindenhof Tea" --currency EUR --country DE`,
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if strings.TrimSpace(name) == "" {
				return usageError{errors.New(`init needs --name: stoa init --name "Lindenhof Tea"`)}
			}
			profile, err := firstProfile(name, currency, country, language)
			if err != nil {
				return usageError{err}
			}
			return a.found(cmd, profile)
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "what the brand is called")
	cmd.Flags().StringVar(&currency, "currency", "EUR", "ISO 4217 code of all prices")
	cmd.Flags().StringVar(&country, "country", "DE", "ISO 3166 code of where the brand sells from")
	cmd.Flags().StringVar(&language, "language", "en", "BCP 47 tag of the shop's language")
	return cmd
}

func firstProfile(name, currency, country, language string) (p catalog.Profile, err error) {
	p.Name = strings.TrimSpace(name)
	if p.Currency, err = protocol.ParseCurrency(currency); err != nil {
		return p, err
	}
	if p.Country, err = protocol.ParseCountry(country); err != nil {
		return p, err
	}
	p.Language, err = protocol.ParseLanguage(language)
	return p, err
}

func (a *app) found(cmd *cobra.Command, profile catalog.Profile) error {
	n, words, err := node.Create(cmd.Context(), a.options(io.Discard), profile)
	if errors.Is(err, node.ErrBrandExists) {
		return fmt.Errorf("%s holds a brand already; --home names another folder", a.home)
	}
	if errors.Is(err, kv.ErrInUse) {
		return fmt.Errorf("%s is in use by another command; --home names another folder", a.home)
	}
	if err != nil {
		return err
	}
	brand := n.Brand()
	if err := n.Close(); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(map[string]any{
			"brand": brand, "words": words.List(), "home": a.home,
			"warning": "The words were not asked back. Write them down now: they are stored nowhere, and without them the brand's keys can't be renewed.",
		})
	}
	a.showWords(words)
	if a.interactive {
		if err := a.askBack(cmd.Context(), words); err != nil {
			a.warn("\nstoa: %v", err)
			return saidError{err}
		}
	} else {
		a.warn("The words were not asked back, because nobody types here. Make sure that they are written down.")
	}
	a.say("\n%s is founded.\n\n  brand     %s\n  home      %s\n  currency  %s for all prices\n\nNext: 'stoa import products.csv' and 'stoa serve'.", profile.Name, brand, a.home, profile.Currency)
	return nil
}

// wordsPerLine is how the recovery words are laid out.
const wordsPerLine = 4

func (a *app) showWords(w keys.Words) {
	a.say("These 24 words are your brand. Write them down on paper, in this order.\nThey are shown once and stored nowhere.\n")
	for i, word := range w.List() {
		fmt.Fprintf(a.out, "  %2d %-10s", i+1, word)
		if (i+1)%wordsPerLine == 0 {
			fmt.Fprintln(a.out)
		}
	}
}

// askBack asks for three of the words until they are right.
func (a *app) askBack(ctx context.Context, w keys.Words) error {
	in := a.lines(ctx)
	for _, i := range threePlaces() {
		for {
			fmt.Fprintf(a.out, "\nWord %d: ", i+1)
			word, ok := next(ctx, in)
			if !ok {
				return errUnconfirmed
			}
			if strings.EqualFold(strings.TrimSpace(word), w.List()[i]) {
				break
			}
			a.say("That isn't word %d. Look at your paper.", i+1)
		}
	}
	return nil
}

var errUnconfirmed = errors.New("the words were not confirmed. The brand is founded all the same:\nmake sure that they are on paper before you close this window")

// lines reads what is typed, line by line, until ctx ends.
func (a *app) lines(ctx context.Context) <-chan string {
	out := make(chan string)
	go func() {
		defer close(out)
		for in := bufio.NewScanner(a.in); in.Scan(); {
			select {
			case out <- in.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// next waits for a line; false when none comes any more.
func next(ctx context.Context, lines <-chan string) (line string, ok bool) {
	select {
	case line, ok = <-lines:
		return line, ok
	case <-ctx.Done():
		return "", false
	}
}

// threePlaces draws three different places among the words, ascending.
func threePlaces() []int {
	third := int64(keys.WordCount / 3)
	var out []int
	for part := range int64(3) {
		n, err := rand.Int(rand.Reader, big.NewInt(third))
		if err != nil {
			n = big.NewInt(0)
		}
		out = append(out, int(part*third+n.Int64()))
	}
	return out
}
