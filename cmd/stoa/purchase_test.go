package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stoa-commerce/stoa/cmd/stoa/shopper"
	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/protocol/trade"
)

// shop is a shopper's command at a gateway, run in this process: its output and exit
// code.
func shop(t *testing.T, verb string, gateway, brand, folder string, args ...string) (string, int) {
	t.Helper()
	args = append([]string{verb, "--gateway", gateway, "--brand", brand, "--shopper", folder, "--json"}, args...)
	var out strings.Builder
	code := run(t.Context(), args, tty{in: strings.NewReader(""), out: &out, err: t.Output()})
	return out.String(), code
}

// toBonn is where shoppers of tests live.
func toBonn(args ...string) []string {
	return append([]string{"--name", "Ada Moss", "--street", "Lane 1", "--city", "Bonn", "--postcode", "53111", "--country", "DE"}, args...)
}

func TestAPurchaseAtAnotherBrandsGateway(t *testing.T) {
	tea := openHome(t, newHome(t, "Corner Tea", "sencha"), alone)
	street := openHome(t, newHome(t, "The Street"), tea.places.node())
	stoa(t, street.home, "follow", tea.places.Brand, "--as", "tea")
	within(t, patience, "the tea house is mirrored", func() bool { b := street.brands()["tea"]; return b.Products == 1 && b.State == "current" })
	folder := t.TempDir()
	out, code := shop(t, "buy", street.places.Shop, tea.places.Brand, folder, toBonn("--item", "SENCHA=2")...)
	if code != exitDone {
		t.Fatalf("exit %d: %s", code, out)
	}
	var done bought
	if err := json.Unmarshal([]byte(out), &done); err != nil || done.State != trade.Placed || done.Total != "19.00" {
		t.Fatalf("%v, %s", err, out)
	}
	var orders []struct{ Order, Thread string }
	if err := json.Unmarshal([]byte(stoa(t, tea.home, "orders")), &orders); err != nil || len(orders) != 1 || orders[0].Order != done.Order.String() {
		t.Fatalf("%v, the brand's orders are %+v", err, orders)
	}
	stoa(t, tea.home, "reply", orders[0].Thread, "It leaves tomorrow.")
	within(t, patience, "the reply is read at the other gateway", func() bool {
		out, code := shop(t, "thread", street.places.Shop, tea.places.Brand, folder, "--read")
		return code == exitDone && strings.Contains(out, "It leaves tomorrow.")
	})
	recovered(t, street.places.Shop, tea.places.Brand, folder, done)
}

// recovered opens the conversation on another device, at the same gateway.
func recovered(t *testing.T, gateway, brand, folder string, done bought) {
	t.Helper()
	var secret struct{ Code string }
	out, _ := shop(t, "thread", gateway, brand, folder, "--code")
	if err := json.Unmarshal([]byte(out), &secret); err != nil {
		t.Fatal(err)
	}
	other := t.TempDir()
	out, code := shop(t, "thread", gateway, brand, other, "--recover", secret.Code)
	if code != exitDone || !strings.Contains(out, done.Order.String()) || !strings.Contains(out, "It leaves tomorrow.") {
		t.Fatalf("exit %d: %s", code, out)
	}
	if out, code := shop(t, "thread", gateway, brand, other, "--say", "From my new phone"); code != exitDone {
		t.Fatalf("exit %d: %s", code, out)
	}
	within(t, patience, "the first device reads it", func() bool {
		out, code := shop(t, "thread", gateway, brand, folder, "--read")
		return code == exitDone && strings.Contains(out, "From my new phone")
	})
}

func TestAnOrderWaitsAtARelayForABrandThatIsAway(t *testing.T) {
	home := newHome(t, "Corner Tea", "sencha")
	tea := openHome(t, home, alone)
	street := openHome(t, newHome(t, "The Street"), tea.places.node())
	stoa(t, street.home, "follow", tea.places.Brand, "--as", "tea")
	within(t, patience, "the tea house is mirrored", func() bool { b := street.brands()["tea"]; return b.Products == 1 && b.State == "current" })
	brand := tea.places.Brand
	within(t, patience, "the street has what letters to the tea house are sealed to", func() bool { return meets(t, street.places.Shop, brand) })
	tea.close()
	folder := t.TempDir()
	out, code := shop(t, "thread", street.places.Shop, brand, folder, "--say", "Are you there?", "--wait", "2s")
	if code != exitFailed || !strings.Contains(out, `"pending": "stored"`) {
		t.Fatalf("exit %d: %s", code, out)
	}
	openHome(t, home, street.places.node())
	// The two find each other anew at the pace of their pauses between attempts.
	within(t, 4*patience, "the brand has it", func() bool { return strings.Contains(stoa(t, home, "inbox"), "Are you there?") })
	within(t, patience, "the shopper knows", func() bool {
		out, code := shop(t, "thread", street.places.Shop, brand, folder, "--read")
		return code == exitDone && strings.Contains(out, `"state": "committed"`)
	})
}

// meets reports whether a shopper could write to the brand through the gateway.
func meets(t *testing.T, gateway, brand string) bool {
	t.Helper()
	c, err := shopper.NewClient(gateway, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	id, err := protocol.ParseCID(brand)
	if err != nil {
		t.Fatal(err)
	}
	_, err = shopper.Meet(t.Context(), c, id)
	return err == nil
}
