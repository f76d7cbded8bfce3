package draw

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestBlendingMovesEachChannelByItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		channel := rapid.Uint16()
		p := pixel{channel.Draw(t, "r"), channel.Draw(t, "g"), channel.Draw(t, "b")}
		to := pixel{channel.Draw(t, "to r"), channel.Draw(t, "to g"), channel.Draw(t, "to b")}
		a := rapid.Int64Range(0, 65536).Draw(t, "a")
		was := p
		p.toward(int64(to.r), int64(to.g), int64(to.b), a)
		for _, c := range [][3]uint16{{was.r, to.r, p.r}, {was.g, to.g, p.g}, {was.b, to.b, p.b}} {
			want := float64(c[0]) + (float64(c[1])-float64(c[0]))*float64(a)/65536
			if math.Abs(float64(c[2])-want) > 1 {
				t.Fatalf("from %d towards %d by %d: %d, want %v", c[0], c[1], a, c[2], want)
			}
		}
	})
}
