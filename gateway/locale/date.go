package locale

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
)

// months are full names by language; others are written in ISO 8601.
var months = map[string]string{
	"en": "January February March April May June July August September October November December",
	"de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
	"fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
	"es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
	"it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
	"nl": "januari februari maart april mei juni juli augustus september oktober november december",
}

// Date writes a day in UTC: "4 March 2026", "4. März 2026", "2026年3月4日".
func (l *Locale) Date(m protocol.Millis) string {
	t := m.Time()
	day, year := strconv.Itoa(t.Day()), strconv.Itoa(t.Year())
	switch base := l.base(); base {
	case "zh", "ja":
		return fmt.Sprintf("%s年%d月%s日", year, t.Month(), day)
	case "en":
		if region, _ := l.tag.Region(); region.String() == "US" {
			return month(base, t) + " " + day + ", " + year
		}
		return day + " " + month(base, t) + " " + year
	case "de":
		return day + ". " + month(base, t) + " " + year
	case "es":
		return day + " de " + month(base, t) + " de " + year
	case "fr", "it", "nl":
		return day + " " + month(base, t) + " " + year
	default:
		return t.Format(time.DateOnly)
	}
}

// Moment writes a day and the time of day in UTC: "4 March 2026, 17:05 UTC".
func (l *Locale) Moment(m protocol.Millis) string {
	return l.Date(m) + l.Say("date.before-time") + m.Time().Format("15:04") + " UTC"
}

func month(base string, t time.Time) string {
	return strings.Fields(months[base])[t.Month()-1]
}
