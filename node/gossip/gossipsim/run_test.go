package gossipsim

import "testing"

// Everybody who follows hears of every head, although hardly anybody does.
func TestAnnouncementsReachAllFollowersAmongMostlyStrangers(t *testing.T) {
	for _, push := range []bool{false, true} {
		r, err := Run(Config{Nodes: 50, Followers: 3, Degree: 8, Heads: 10, Push: push, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("push %v: %+v", push, r)
		if r.Arrived != r.Expected || r.Reached != 1 {
			t.Errorf("%d of %d arrived", r.Arrived, r.Expected)
		}
	}
}
