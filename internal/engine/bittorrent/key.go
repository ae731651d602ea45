package bittorrent

import (
	"crypto/sha1" //nolint:gosec // BEP 3 names torrents by SHA-1
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine/bittorrent/metafile"
	"github.com/kith-web/kith/internal/fault"
)

// keyOf is what a site is stored under: its infohash in hexadecimal, that of v1
// where it has one.
func keyOf(a address.Address) (string, error) {
	if a.Kind() != address.Torrent {
		return "", fault.New(fault.Invalid, "%q is not the address of a torrent", a.String())
	}
	if h, ok := a.InfoHash(); ok {
		return hex.EncodeToString(h[:]), nil
	}
	h, ok := a.InfoHashV2()
	if !ok {
		return "", fault.New(fault.Invalid, "%q has no infohash", a.String())
	}
	return hex.EncodeToString(h[:]), nil
}

// shortHash is what peers call the torrent with that key: the infohash, cut to
// 20 octets (BEP 52).
func shortHash(key string) (h [20]byte) {
	raw, _ := hex.DecodeString(key) // keys come from keyOf
	copy(h[:], raw)
	return h
}

// addressOf is the address of the torrent that m describes.
func addressOf(m *metafile.Meta) address.Address {
	switch {
	case m.HasV1 && m.HasV2:
		return address.FromHybrid(m.V1, m.V2)
	case m.HasV2:
		return address.FromInfoHashV2(m.V2)
	}
	return address.FromInfoHash(m.V1)
}

// matches says whether m is what the key promises.
func matches(key string, m *metafile.Meta) bool {
	return (m.HasV1 && key == hex.EncodeToString(m.V1[:])) || (m.HasV2 && key == hex.EncodeToString(m.V2[:]))
}

// learnAlias makes both infohashes of a hybrid lead to the key. It is called
// with or without mu.
func (e *Engine) learnAlias(key string, m *metafile.Meta) error {
	if !m.HasV1 || !m.HasV2 {
		return nil
	}
	other := hex.EncodeToString(m.V2[:])
	if other == key {
		other = hex.EncodeToString(m.V1[:])
	}
	e.aliasMu.Lock()
	known := e.alias[other] == key
	e.alias[other] = key
	e.aliasMu.Unlock()
	if known {
		return nil
	}
	return e.o.Store.Put(aliasPrefix+other, []byte(key))
}

func (e *Engine) loadAliases() error {
	err := e.o.Store.Each(aliasPrefix, func(k string, v []byte) error {
		e.alias[k[len(aliasPrefix):]] = string(v)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the hybrid torrents: %w", err)
	}
	return nil
}

// hasHash says whether the info dictionary is the one the key names.
func hasHash(key string, info []byte) bool {
	if len(key) == 2*sha1.Size {
		h := sha1.Sum(info)
		return key == hex.EncodeToString(h[:])
	}
	h := sha256.Sum256(info)
	return key == hex.EncodeToString(h[:])
}
