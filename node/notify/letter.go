package notify

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/stoa-commerce/stoa/protocol"
)

// Occasion is why somebody is called.
type Occasion string

// What people are told of: the first three are for shoppers, the others for the brand.
const (
	Ordered     Occasion = "order"
	Replied     Occasion = "reply"
	Shipped     Occasion = "shipment"
	ShopOrder   Occasion = "shop.order"
	ShopMessage Occasion = "shop.message"
)

// Facts are what a call may say: who calls, about which order, and where to look. What
// was said in the conversation is no part of it.
type Facts struct {
	Brand  string   // the brand's name
	Seller []string // its name, address and how to reach it, line by line
	Number string   // of the order, "" without one
	Total  string   // of the order, with its currency
	Link   string   // opens the conversation; for the brand, what to type
	// ReturnDays and ReturnText are the terms of withdrawal and return.
	ReturnDays int
	ReturnText string
}

// Words returns subject and text of a letter in a language, English when it isn't
// one that is known here.
func Words(language protocol.Language, why Occasion, f Facts) (subject, text string) {
	base, _, _ := strings.Cut(string(language), "-")
	t, ok := tongues[base]
	if !ok {
		t = tongues["en"]
	}
	fill := f.replacer()
	var parts []string
	for _, name := range plans[why] {
		if part, wanted := t.part(name, f); wanted {
			parts = append(parts, fill.Replace(part))
		}
	}
	return fill.Replace(t[string(why)+".subject"]), strings.Join(parts, "\n\n") + "\n"
}

// plans say which parts a letter has.
var plans = map[Occasion][]string{
	Ordered:     {"greeting", "told", "link", "returns", "form", "seller"},
	Replied:     {"greeting", "reply", "link", "seller"},
	Shipped:     {"greeting", "shipment", "link", "seller"},
	ShopOrder:   {"told.order", "told.look"},
	ShopMessage: {"told.message", "told.look"},
}

// tongue holds the texts of one language by name.
type tongue map[string]string

// part returns one part of a letter, false when the facts leave nothing to say there.
func (t tongue) part(name string, f Facts) (string, bool) {
	switch name {
	case "returns", "form":
		if f.ReturnDays == 0 && f.ReturnText == "" {
			return "", false
		}
		if name == "returns" && f.ReturnDays == 0 {
			return "{terms}", true
		}
	case "link":
		if f.Link == "" {
			return "", false
		}
	case "seller":
		return "{seller}", true
	}
	return t[name], true
}

func (f Facts) replacer() *strings.Replacer {
	terms := f.ReturnText
	if terms != "" {
		terms = " " + terms
	}
	return strings.NewReplacer("{brand}", line(f.Brand), "{number}", f.Number, "{total}", f.Total, "{link}", f.Link,
		"{days}", strconv.Itoa(f.ReturnDays), " {terms}", terms, "{terms}", strings.TrimSpace(terms), "{seller}", strings.Join(f.Seller, "\n"))
}

// line makes one line of a text.
func line(s string) string { return strings.Join(strings.Fields(s), " ") }

// Message is what a browser's worker gets of a call.
type Message struct {
	V      int    `json:"v"`
	Kind   string `json:"kind"`
	Brand  string `json:"brand"`  // the brand's CID
	Thread string `json:"thread"` // the thread's
	Title  string `json:"title"`
	Text   string `json:"text"`
}

// Short returns the push message of a call, at most MaxPush bytes.
func Short(language protocol.Language, why Occasion, f Facts, brand, thread protocol.CID) ([]byte, error) {
	subject, _ := Words(language, why, f)
	return json.Marshal(Message{V: 1, Kind: string(why), Brand: brand.String(), Thread: thread.String(), Title: line(f.Brand), Text: subject})
}
