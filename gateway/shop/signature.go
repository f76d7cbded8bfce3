package shop

import (
	"html/template"
	"time"

	"github.com/stoa-commerce/stoa/gateway/web"
	"github.com/stoa-commerce/stoa/protocol/catalog"
)

// signature is what the page says of who signed it. Only what was really checked
// is claimed: the node verifies a head before it applies it, and a page is made
// of nothing else. What the shopper's browser finds out on top of it is its
// script's to say, in the words given here.
type signature struct {
	Name, When, Proof, File, Brand, Seq, Head, Time string
	Who, Check                                      string // who checked, and how to do it oneself
	State                                           Freshness
	Script                                          *web.Asset  // checks the page
	Words                                           template.JS // what to say of each finding
}

func (v *visit) signature(p *catalog.Product) signature {
	h := v.house
	words := h.findings
	if state := v.mark.State; state != "" && state != Current {
		words = h.sayFindings(v.mark)
	}
	return signature{
		Name: h.profile.Name, When: h.Moment(h.head.Time), Brand: h.head.Brand.String(), Head: h.head.CID.String(),
		Seq: itoa(int(h.head.Epoch)) + "." + itoa(int(h.head.Seq)), Time: h.head.Time.Time().UTC().Format(time.RFC3339),
		Proof: "/proof/" + h.head.Brand.String() + "/" + string(p.Path()), File: string(p.Handle) + ".proof",
		Script: v.shop.assets.Named("check.js"), Words: words,
		Who: h.Say(h.on("signed.who")), Check: h.Say(h.on("signed.check")), State: v.mark.State,
	}
}

// finding is what to say when a browser has checked a page, or couldn't.
type finding struct {
	Line string `json:"line"` // of one line
	What string `json:"what"` // a sentence on who signed what
	Did  string `json:"did"`  // a sentence on what was checked, or what to do
}

// findings are all that the script may find: the names in web/src/ts/finding.ts.
// Those it may not have checked leave the line as it is. What a sound signature is
// worth depends on how fresh the node knows the catalog to be.
func (h *house) sayFindings(m Mark) template.JS {
	name := h.profile.Name
	line, what := h.Say("signed", name), h.Say("signed.what", name, h.Moment(h.head.Time))
	words := map[string]finding{}
	for _, unchecked := range []string{"offline", "insecure", "old-browser", "failed", "clock"} {
		words[unchecked] = finding{line, what, h.Say(h.on("found."+unchecked), name)}
	}
	for _, fine := range []string{"checked", "expired"} {
		words[fine] = finding{h.Say("found."+fine+".line", name), what, h.Say("found."+fine, name)}
	}
	if m.State == Stale {
		words["stale"] = finding{h.Say("found.checked.line", name), what, h.Say("found.stale", name)}
	}
	for _, wrong := range []string{"older", "contested", "altered", "invalid"} {
		words[wrong] = finding{h.Say("found."+wrong+".line", name), h.Say("found."+wrong+".what", name), h.Say(h.on("found."+wrong), name)}
	}
	if m.State == Contested {
		line := h.Say("mark.contested."+string(m.Why)+".line", name)
		words["contested"] = finding{line, line, h.Say("found.contested", name)}
	}
	return jsonData(words)
}

// on is the key of what is said otherwise on a mirror.
func (h *house) on(key string) string {
	if mirrored := key + ".mirror"; h.Base != "" && h.Has(mirrored) {
		return mirrored
	}
	return key
}
