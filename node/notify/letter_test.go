package notify

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/protocol"
)

var facts = Facts{
	Brand: "Lindenhof\r\nTea", Seller: []string{"Lindenhof Tea", "Lindenhof 3, 8001 Zürich"}, Number: "1001", Total: "24.50 CHF",
	Link: "https://tea.example/t/x#k=y", ReturnDays: 14, ReturnText: "We pay the way back.",
}

func TestAConfirmationHasTheTermsTheLinkAndTheSeller(t *testing.T) {
	for language := range tongues {
		subject, text := Words(protocol.Language(language+"-CH"), Ordered, facts)
		if strings.ContainsAny(subject, "\r\n{") || !strings.Contains(subject, "1001") {
			t.Errorf("%s: subject %q", language, subject)
		}
		for _, part := range []string{"1001", "24.50 CHF", facts.Link, "14", "We pay the way back.", "8001 Zürich"} {
			if !strings.Contains(text, part) {
				t.Errorf("%s: %q is missing in\n%s", language, part, text)
			}
		}
		if strings.Contains(text, "{") {
			t.Errorf("%s: something is not filled in:\n%s", language, text)
		}
	}
}

func TestEveryLanguageHasEveryText(t *testing.T) {
	for language, texts := range tongues {
		for name := range tongues["en"] {
			if texts[name] == "" {
				t.Errorf("%s lacks %s", language, name)
			}
		}
		for why, plan := range plans {
			for _, name := range append([]string{string(why) + ".subject"}, plan...) {
				if name != "seller" && texts[name] == "" {
					t.Errorf("%s lacks %s of %s", language, name, why)
				}
			}
		}
	}
}

func TestALetterLeavesOutWhatThereIsNot(t *testing.T) {
	_, text := Words("fr", Ordered, Facts{Brand: "B", Number: "1", Total: "1 EUR"})
	if strings.Contains(text, "withdraw") || strings.Contains(text, "Open the conversation") || !strings.Contains(text, "accepted your order 1") {
		t.Error(text)
	}
	_, text = Words("en", Ordered, Facts{Brand: "B", Number: "1", ReturnText: "No returns of opened food."})
	if !strings.Contains(text, "No returns of opened food.") || strings.Contains(text, "within 0 days") {
		t.Error(text)
	}
}

func TestAPushMessageIsShortAndSaysNothingOfTheConversation(t *testing.T) {
	b, err := Short("de", Replied, facts, protocol.Sum(protocol.Raw, []byte("b")), protocol.Sum(protocol.Raw, []byte("t")))
	if err != nil || len(b) > MaxPush {
		t.Fatal(len(b), err)
	}
	var m Message
	if err := json.Unmarshal(b, &m); err != nil || m.Title != "Lindenhof Tea" || m.Text != "Lindenhof Tea hat Ihnen geantwortet" || strings.Contains(string(b), "#k=") {
		t.Error(m, err)
	}
}
