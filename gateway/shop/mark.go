package shop

import (
	"html/template"
	"strings"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
)

// Freshness is how sure a node is that a catalog is the brand's latest.
type Freshness string

// What a catalog can be. Of one that is expired or contested, shoppers see the pages
// and can't buy.
const (
	Current   Freshness = "current"
	Stale     Freshness = "stale"     // the brand's own node hasn't confirmed it lately
	Expired   Freshness = "expired"   // the brand itself should have signed anew
	Contested Freshness = "contested" // two catalogs contradict each other in its name
)

// Mark is what a page says of how fresh it is. The zero value says nothing that
// the head doesn't. It is comparable and coarse, so that a page can be kept.
type Mark struct {
	State  Freshness
	Why    Dispute         // contested: what is in dispute
	Behind bool            // stale: something newer was announced that isn't here yet
	Seen   protocol.Millis // stale: when the brand's own node was last heard, to the minute; 0 if never
	Age    Age             // since the head was signed
}

// Dispute is what a brand's contest is about.
type Dispute string

// What can be in dispute.
const (
	Catalogs Dispute = "catalogs" // two of one number
	Keys     Dispute = "keys"     // whose they are
	Revoked  Dispute = "revoked"  // the key that signed was
)

// Browse reports whether nobody should buy by what the page says.
func (m Mark) Browse() bool { return m.State == Expired || m.State == Contested }

// Age is a time that has passed, as people say it: 4 minutes, 2 hours.
type Age struct {
	Unit string // "", minutes, hours or days; "" is less than a minute
	N    int
}

// ageOf rounds down: to 5 minutes from ten on, then to hours, then to days.
func ageOf(d time.Duration) Age {
	switch minutes := int(d / time.Minute); {
	case minutes < 1:
		return Age{}
	case minutes < 10:
		return Age{"minutes", minutes}
	case minutes < 60:
		return Age{"minutes", minutes - minutes%5}
	case minutes < 24*60:
		return Age{"hours", minutes / 60}
	default:
		return Age{"days", minutes / (24 * 60)}
	}
}

// mark completes what the node knows with what the head says.
func (h *house) mark(m Mark, now protocol.Millis) Mark {
	if m.State != Contested && h.head.Expired(now) {
		m.State = Expired
	}
	if m.State == "" || m.State == Stale && h.Base == "" {
		m.State = Current
	}
	if m.State == Contested && m.Why == "" {
		m.Why = Catalogs
	}
	if m.State != Stale {
		m.Behind, m.Seen = false, 0
	}
	if m.Age = (Age{}); h.Base != "" {
		m.Age = ageOf(now.Time().Sub(h.head.Time.Time()))
	}
	return m
}

// markData is what a page says of its freshness: a line, and more on demand. What
// shoppers must not miss is a banner.
type markData struct {
	*house
	State    Freshness
	Mirrored bool
	Line     template.HTML
	Text     string   // under the line of a banner
	More     []string // on demand
	Home     string   // the brand's own shop, elsewhere
	HomeName string
}

// markData is nil for a page that needs no mark: of one's own shop, with a catalog
// that is in force.
func (v *visit) markData() *markData {
	h, m := v.house, v.mark
	d := &markData{house: h, State: m.State, Mirrored: h.Base != ""}
	if !d.Mirrored && !m.Browse() {
		return nil
	}
	name := h.profile.Name
	switch m.State {
	case Expired:
		d.Line, d.Text = h.sayTime("mark.expired", name, v.clock(h.head.Time)), h.Say("mark.expired.text", name)
	case Contested:
		d.Line, d.Text = h.sayTime("mark.contested."+string(m.Why)+".line", name, ""), h.Say("mark.contested.text", name)
		d.More = append(d.More, h.Say("mark.contested."+string(m.Why), name))
	case Stale:
		d.Line = v.staleLine()
	case Current:
		d.Line = h.sayTime("mark.current", name, v.ago())
	default:
		d.Line = h.sayTime("mark.mirrored", name, "")
	}
	if d.Mirrored {
		d.More = append(d.More, v.moreOnMirrors()...)
		d.Home, d.HomeName = h.gateway(), strings.TrimPrefix(h.gateway(), "https://")
	}
	return d
}

func (v *visit) staleLine() template.HTML {
	h, name := v.house, v.house.profile.Name
	switch {
	case v.mark.Behind:
		return h.sayTime("mark.behind", name, v.ago())
	case v.mark.Seen == 0:
		return h.sayTime("mark.unheard", name, v.ago())
	}
	return h.sayTime("mark.stale", name, v.clock(v.mark.Seen))
}

func (v *visit) moreOnMirrors() []string {
	h, name := v.house, v.house.profile.Name
	more := []string{h.Say("mark.mirror", name)}
	if v.mark.State == Current {
		more = append(more, h.Say("mark.mirror.current", name))
	}
	if v.mark.State == Stale {
		more = append(more, h.Say("mark.mirror.stale", name))
	}
	return more
}

// sayTime says words with the name at {0} and a piece of HTML at {1}.
func (h *house) sayTime(key, name string, moment template.HTML) template.HTML {
	before, after, _ := strings.Cut(h.Say(key), "{1}")
	escape := func(text string) string { return template.HTMLEscapeString(strings.ReplaceAll(text, "{0}", name)) }
	return template.HTML(escape(before)) + moment + template.HTML(escape(after))
}

// clock writes a moment: the time of day when it was within a day. A script turns
// it into the shopper's own time.
func (v *visit) clock(at protocol.Millis) template.HTML {
	words := v.house.Moment(at)
	if since := v.shop.now().Sub(at.Time()); since >= 0 && since < 20*time.Hour {
		words = at.Time().Format("15:04") + " UTC"
	}
	return timeElement(at, "data-clock", words)
}

// ago writes how long ago the head was signed. A script keeps it true while the
// page is open.
func (v *visit) ago() template.HTML {
	h := v.house
	return timeElement(h.head.Time, `data-ago="`+template.HTMLEscapeString(string(h.agoForms))+`"`, h.Ago(v.mark.Age.Unit, v.mark.Age.N))
}

func timeElement(at protocol.Millis, data, words string) template.HTML {
	return template.HTML(`<time datetime="` + at.Time().UTC().Format(time.RFC3339) + `" ` + data + `>` + template.HTMLEscapeString(words) + `</time>`)
}
