package gateway

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/stoa-commerce/stoa/gateway/shop"
)

func keyOf(name string) pageKey { return pageKey{asked: shop.Request{Name: name}} }

func pageOf(n int) *reply {
	return newReply(shop.Answer{Status: 200, Type: "text/html", Body: []byte(strings.Repeat("x", n))})
}

func TestTheCacheStaysWithinItsBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newCache(20_000)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			key := keyOf(rapid.StringMatching(`[a-f]`).Draw(t, "key"))
			size := rapid.IntRange(0, 9000).Draw(t, "size")
			if _, err := c.get(key, func() (*reply, error) { return pageOf(size), nil }); err != nil {
				t.Fatal(err)
			}
			c.settle(key, int64(rapid.IntRange(0, 500).Draw(t, "more")))
			var sum int64
			for at := c.recent.Front(); at != nil; at = at.Next() {
				sum += at.Value.(*entry).cost
			}
			if used, pages, _, _ := c.stats(); used != sum || used > c.limit || pages != c.recent.Len() {
				t.Fatalf("%d bytes in %d pages, really %d in %d", used, pages, sum, c.recent.Len())
			}
		}
	})
}

func TestAPageIsRenderedOnceForAllWhoAsk(t *testing.T) {
	c := newCache(1 << 20)
	var made atomic.Int32
	start := make(chan struct{})
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			<-start
			p, err := c.get(keyOf("a"), func() (*reply, error) { made.Add(1); return pageOf(10), nil })
			if err != nil || len(p.body) != 10 {
				t.Error(err)
			}
		})
	}
	close(start)
	all.Wait()
	if made.Load() != 1 {
		t.Errorf("rendered %d times", made.Load())
	}
}

func TestFailuresAreNotKept(t *testing.T) {
	c := newCache(1 << 20)
	broken := errors.New("broken")
	if _, err := c.get(keyOf("a"), func() (*reply, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = c.get(keyOf("a"), func() (*reply, error) { panic("boom") })
	}()
	if p, err := c.get(keyOf("a"), func() (*reply, error) { return pageOf(5), nil }); err != nil || len(p.body) != 5 {
		t.Errorf("after a failure and a panic: %v", err)
	}
}
