package node

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv/memkv"
)

func TestACatalogTravelsFromPeerToPeer(t *testing.T) {
	f := newFederation(t)
	brand := f.found()
	brand.sell(tea("sencha", 900))
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{"versions": []int{1}, "brand": brand.brand, "peers": []string{brand.addr()}})
	}))
	defer gateway.Close()
	ways := targets(brand)
	ways["gateway"] = gateway.URL + "/p/sencha"
	for name, target := range ways {
		t.Run(name, func(t *testing.T) {
			var mirror *member
			if name == "brand" {
				mirror = f.found(brand) // an identifier says nothing of where
			} else {
				mirror = f.found()
			}
			st := mirror.follows(target)
			if st.Brand != brand.brand || st.Products != 1 || st.Name != "Shop 1" || st.Error != "" {
				t.Fatalf("%+v", st)
			}
			mirror.shows(brand, "sencha", 900)
			mirror.becomes(brand, Current)
			if id, ok := mirror.ByHandle(st.Handle); !ok || id != brand.brand {
				t.Errorf("handle %q leads to %s", st.Handle, id)
			}
			list, err := mirror.Brands(t.Context())
			if err != nil || len(list) != 1 || list[0].Brand != brand.brand {
				t.Errorf("%+v, %v", list, err)
			}
		})
	}
}

func TestAPriceEditArrivesEverywhereAndIsAnswered(t *testing.T) {
	f := newFederation(t)
	brand := f.found()
	brand.sell(tea("sencha", 900))
	near, far := f.found(brand), (*member)(nil)
	far = f.found(near) // knows the brand's node through the other one only
	near.follows(brand.brand.String())
	far.follows(brand.brand.String())
	f.clock.advance(time.Second)
	head, err := brand.SetPrice(t.Context(), "sencha", "7.50")
	brand.check(err)
	near.shows(brand, "sencha", 750)
	far.shows(brand, "sencha", 750)
	near.becomes(brand, Current)
	f.eventually("the brand knows who has seen its head", func() bool {
		seen := 0
		for _, follower := range brand.Followers() {
			if follower.Seq == head.Seq {
				seen++
			}
		}
		return seen == 2
	})
	st, err := brand.Status(t.Context())
	if err != nil || st.PeerID == "" || len(st.Listen) == 0 || len(st.Followers) != 2 {
		t.Errorf("%+v, %v", st, err)
	}
	f.eventually("peers are listed with what they have", func() bool {
		peers := near.Peers(t.Context())
		for _, p := range peers {
			if p.Addr == "" || p.Transport != "tcp" || len(p.Brands) != 1 || p.Brands[0] != brand.brand {
				return false
			}
		}
		return len(peers) == 2
	})
}

func TestPicturesCross(t *testing.T) {
	f := newFederation(t)
	brand := f.found()
	blob := brand.sellWithPicture("sencha", dot(1))
	mirror := f.found()
	mirror.follows(brand.addr())
	mirror.eventuallyHas(blob, true)
	second := brand.sellWithPicture("matcha", dot(2))
	mirror.eventuallyHas(second, true)
}

func TestWhatABrandRemovedDisappearsFromMirrors(t *testing.T) {
	f := newFederation(t)
	brand := f.found()
	blob := brand.sellWithPicture("sencha", dot(1))
	stays := brand.sellWithPicture("matcha", dot(2))
	mirror := f.found()
	mirror.follows(brand.addr())
	mirror.eventuallyHas(blob, true)
	mirror.eventuallyHas(stays, true)
	f.clock.advance(time.Second)
	brand.archive("sencha")
	f.eventually("the product is gone", func() bool { return mirror.price(brand, "sencha") == 0 })
	mirror.eventuallyHas(blob, false)
	mirror.eventuallyHas(stays, true)
}

func TestUnfollowingForgets(t *testing.T) {
	f := newFederation(t)
	brand := f.found()
	blob := brand.sellWithPicture("sencha", dot(1))
	mirror := f.found()
	st := mirror.follows(brand.addr())
	mirror.eventuallyHas(blob, true)
	mirror.check(mirror.Unfollow(t.Context(), brand.brand))
	mirror.eventuallyHas(blob, false)
	if _, err := mirror.Mirror(t.Context(), brand.brand); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("still kept: %v", err)
	}
	if _, ok := mirror.ByHandle(st.Handle); ok {
		t.Error("the handle still leads there")
	}
	if err := mirror.Store().View(t.Context(), brand.brand, func(*store.View) error { return nil }); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the catalog is still there: %v", err)
	}
	if err := mirror.Unfollow(t.Context(), brand.brand); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("unfollowed twice: %v", err)
	}
	brand.sell(tea("late", 100)) // an announcement of what is no longer followed
	mirror.follows(brand.brand.String())
	mirror.shows(brand, "late", 100)
}

func TestFollowRefusesWhatItCannotFollow(t *testing.T) {
	f := newFederation(t)
	brand := f.found()
	mirror := f.found(brand)
	for target, want := range map[string]error{
		"":                     protocol.ErrInvalid,
		"tea":                  protocol.ErrInvalid,
		"/ip4/127.0.0.1/tcp/1": protocol.ErrInvalid,
		"ftp://tea.example":    protocol.ErrInvalid,
		mirror.brand.String():  ErrOwnBrand,
		mirror.addr():          ErrOwnBrand,
		protocol.Sum(protocol.Raw, []byte("a picture")).String(): protocol.ErrInvalid,
	} {
		if _, err := mirror.Follow(t.Context(), target, ""); !errors.Is(err, want) {
			t.Errorf("%q: %v; want %v", short(target+" "), err, want)
		}
	}
	if _, err := mirror.Follow(t.Context(), brand.brand.String(), "Not a name!"); !errors.Is(err, protocol.ErrInvalid) {
		t.Errorf("a name that can't be: %v", err)
	}
	st, err := mirror.Follow(t.Context(), brand.brand.String(), "tea")
	if err != nil || st.Handle != "tea" {
		t.Fatalf("%+v, %v", st, err)
	}
	other := f.found()
	if _, err := mirror.Follow(t.Context(), other.addr(), "tea"); !errors.Is(err, protocol.ErrInvalid) {
		t.Errorf("another brand took the name: %v", err)
	}
}

func TestASeedLeadsToTheNetwork(t *testing.T) {
	f := newFederation(t)
	hub, brand := f.found(), (*member)(nil)
	brand = f.found(hub)
	brand.sell(tea("sencha", 900))
	var asked atomic.Int32
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		json.NewEncoder(w).Encode(map[string]any{"versions": []int{1}, "brand": hub.brand, "peers": []string{hub.addr()}})
	}))
	defer gateway.Close()
	hub.follows(brand.brand.String())
	mirror := f.prepared(memkv.New())
	mirror.net.Seeds = []string{gateway.URL}
	metrics := prometheus.NewRegistry()
	mirror.net.Registry = metrics
	mirror.create()
	mirror.start()
	f.eventually("the hub is met", func() bool { return mirror.connected(hub.id) })
	mirror.follows(brand.brand.String())
	mirror.shows(brand, "sencha", 900)
	f.eventually("the brand's own node is met, by the address in its profile", func() bool { return mirror.connected(brand.id) })
	mirror.becomes(brand, Current)
	if err := testutil.GatherAndCompare(metrics, strings.NewReader(`
# HELP stoa_brands Followed brands by state.
# TYPE stoa_brands gauge
stoa_brands{state="contested"} 0
stoa_brands{state="current"} 1
stoa_brands{state="expired"} 0
stoa_brands{state="stale"} 0
`), "stoa_brands"); err != nil {
		t.Error(err)
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("the seed was asked %d times", n)
	}
}
