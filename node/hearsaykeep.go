package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stoa-commerce/stoa/store"
)

// keepHearsay stores what was said of the highest head and whether it was announced.
func (n *Node) keepHearsay(ctx context.Context, m *mirror, durable bool) error {
	m.mu.Lock()
	announced, any, home := m.announced, m.heard.any, m.heard.home
	m.mu.Unlock()
	err := n.store.UpdateStanding(ctx, m.brand, durable, func(st *store.Standing) error {
		st.Announced, st.Heard, st.Home = announced, max(st.Heard, any), max(st.Home, home)
		return nil
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("keep what was heard of %s: %w", m.brand, err)
	}
	return nil
}

// writeHearsay writes down now and then what was heard of brands, so that a restart
// doesn't make them look older than they are.
func (n *Node) writeHearsay(ctx context.Context) error {
	every := time.NewTicker(hearsayEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return n.keepAllHearsay(context.WithoutCancel(ctx))
		case <-every.C:
			if err := n.keepAllHearsay(ctx); err != nil && ctx.Err() == nil {
				n.log.Warn("what was heard of brands was not kept", "reason", err)
			}
		}
	}
}

const hearsayEvery = 5 * time.Minute

func (n *Node) keepAllHearsay(ctx context.Context) error {
	var failed []error
	for _, m := range n.kept.followed() {
		m.mu.Lock()
		for id := range m.heard.present {
			m.heard.confirmed(id, n.millis())
		}
		m.mu.Unlock()
		failed = append(failed, n.keepHearsay(ctx, m, false))
	}
	return errors.Join(slices.DeleteFunc(failed, func(err error) bool { return err == nil })...)
}
