package node

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stoa-commerce/stoa/protocol"
	"github.com/stoa-commerce/stoa/store"
	"github.com/stoa-commerce/stoa/store/kv/memkv"
)

// sellMany publishes products at once.
func (m *member) sellMany(count int) {
	m.f.Helper()
	var list []store.Change
	for i := range count {
		changes, err := project(tea(fmt.Sprintf("tea-%05d", i), 900))
		m.check(err)
		list = append(list, changes...)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	_, err := m.publish(m.f.Context(), all(list))
	m.check(err)
}

func TestASyncThatIsCutOffAgainAndAgainIsResumed(t *testing.T) {
	f := newFederation(t)
	brand := f.found()
	brand.sellMany(4000 * long())
	mirror := f.foundOn(nil)
	target := brand.addr()
	for i := range 8 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(20+30*i)*time.Millisecond)
		_, err := mirror.Follow(ctx, target, "")
		cancel()
		if err != nil && ctx.Err() == nil {
			mirror.check(err)
		}
		mirror.stop()
		mirror.start()
	}
	mirror.follows(target)
	mirror.at(brand, brand.current())
	var count int
	err := mirror.Store().View(t.Context(), brand.brand, func(v *store.View) error {
		list, err := v.Products(0, 0)
		count = list.Total
		return err
	})
	if err != nil || count != 4000*long() {
		t.Errorf("%d products, %v", count, err)
	}
}

func TestPicturesStayWithinTheirQuota(t *testing.T) {
	f := newFederation(t)
	brand := f.found()
	var blobs []protocol.CID
	for i := range 6 {
		blobs = append(blobs, brand.sellWithPicture(fmt.Sprintf("tea-%d", i), dot(uint8(i))))
	}
	mirror := f.prepared(memkv.New())
	mirror.net.Pictures = 3 * 4 << 10 // the smallest picture takes 4 KiB
	mirror.create()
	mirror.start()
	mirror.follows(brand.addr())
	have := func() (n int) {
		for _, id := range blobs {
			if has, err := mirror.blobs.Has(id); err == nil && has {
				n++
			}
		}
		return n
	}
	m := mirror.kept.get(brand.brand)
	f.eventually("pictures came", func() bool { return have() >= 2 })
	f.eventually("the rest was given up", func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.media.scan == scanCovers && len(m.media.todo) == 0 || m.media.scan == scanned
	})
	if n := have(); n > 3 {
		t.Errorf("%d pictures of 3 that may be there", n)
	}
}

func TestAPageThatWantsAPictureGetsIt(t *testing.T) {
	f := newFederation(t)
	brand := f.found()
	blob := brand.sellWithPicture("sencha", dot(1))
	mirror := f.found()
	mirror.follows(brand.addr())
	mirror.eventuallyHas(blob, true)
	mirror.check(mirror.blobs.Remove(blob)) // somebody tidied up
	mirror.Want(brand.brand, blob)
	mirror.Want(brand.brand, protocol.Sum(protocol.Raw, []byte("no picture of the brand")))
	mirror.Want(brandNo(1), blob) // not followed
	mirror.eventuallyHas(blob, true)
}
