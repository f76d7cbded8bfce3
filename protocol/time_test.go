package protocol_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
)

func TestTimesAreMillisecondsInCBORAndRFC3339InJSON(t *testing.T) {
	at := time.Date(2026, 11, 21, 9, 30, 0, 123_999_999, time.FixedZone("", 3600))
	m := protocol.MillisOf(at)
	if m != 1795249800123 || m.String() != "2026-11-21T08:30:00.123Z" {
		t.Fatal(int64(m), m)
	}
	if b := must(json.Marshal(m)); string(b) != `"2026-11-21T08:30:00.123Z"` {
		t.Error(string(b))
	}
	var back protocol.Millis
	if err := json.Unmarshal([]byte(`"2026-11-21T09:30:00.123+01:00"`), &back); err != nil || back != m {
		t.Error(back, err)
	}
	for _, s := range []string{`1795250400123`, `"yesterday"`, `"2026-11-21"`, `"2026-13-01T00:00:00Z"`} {
		if err := json.Unmarshal([]byte(s), &back); err == nil {
			t.Errorf("%s is read as %s", s, back)
		}
	}
	if b := must(protocol.Marshal(m)); len(b) != 9 {
		t.Errorf("%x", b)
	}
}
