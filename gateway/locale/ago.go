package locale

// AgoForms are the ways to say how long ago something was, for a script that does
// what Ago does: less than a minute, minutes, hours, one day, days.
func (l *Locale) AgoForms() [5]string {
	return [5]string{l.Say("ago.now"), l.Say("ago.minutes"), l.Say("ago.hours"), l.Say("ago.days.one"), l.Say("ago.days.other")}
}

// Ago says how long ago something was: n of the unit minutes, hours or days; any
// other is less than a minute.
func (l *Locale) Ago(unit string, n int) string {
	switch unit {
	case "minutes", "hours":
		return l.Say("ago."+unit, l.Number(int64(n)))
	case "days":
		return l.Count("ago.days", n)
	}
	return l.Say("ago.now")
}
