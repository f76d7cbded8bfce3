package trade

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
)

// parseEvent reads an event as these tests and their failures write it:
// "[shopper] KIND [amount|return] [line:quantity…|yes|no]".
func parseEvent(s string) (e Event, err error) {
	words := strings.Fields(s)
	if len(words) > 0 && words[0] == "shopper" {
		e.Shopper, words = true, words[1:]
	}
	e.Kind, e.Time = EventKind(words[0]), now+1
	for _, w := range words[1:] {
		switch line, quantity, pair := strings.Cut(w, ":"); {
		case pair:
			e.Lines = append(e.Lines, LineQuantity{number(line), number(quantity)})
		case w == "yes" || w == "no":
			e.Accepted, e.Restock = w == "yes", w == "yes"
		case strings.HasPrefix(string(e.Kind), "return"):
			e.Return = protocol.Sum(protocol.DagCBOR, []byte(w))
		default:
			e.Amount, err = strconv.ParseInt(w, 10, 64)
		}
	}
	if err != nil {
		err = fmt.Errorf("%q: %w", s, err)
	}
	return e, err
}

func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}
