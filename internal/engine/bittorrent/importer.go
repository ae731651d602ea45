package bittorrent

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine/bittorrent/metafile"
	"github.com/kith-web/kith/internal/fault"
)

// Import implements engine.Importer: it takes a .torrent file.
func (e *Engine) Import(_ context.Context, index []byte) (address.Address, error) {
	t, err := metafile.ParseTorrent(index, e.o.Limits)
	if err != nil {
		return address.Address{}, err
	}
	a := addressOf(t.Meta)
	return a, e.keep(a, t)
}

// keep stores the index of a, and gives it to those who are waiting for it.
func (e *Engine) keep(a address.Address, t *metafile.Torrent) error {
	key, err := keyOf(a)
	if err != nil {
		return err
	}
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return fault.New(fault.Conflict, "the BitTorrent engine is closed")
	}
	key = e.canonical(key)
	s := e.sites[key]
	if s == nil && t.HasV2 {
		if other := e.sites[hex.EncodeToString(t.V2[:])]; other != nil {
			key, s = other.key, other
		}
	}
	e.mu.Unlock()
	if s != nil && !s.isReady() {
		return s.learn(t)
	}
	if err := e.o.Store.Put(indexPrefix+key, t.Encode()); err != nil {
		return fmt.Errorf("store the index of %v: %w", a, err)
	}
	if err := e.learnAlias(key, t.Meta); err != nil {
		return fmt.Errorf("store the other infohash of %v: %w", a, err)
	}
	return nil
}
