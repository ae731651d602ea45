package arch_test

import (
	"strings"
	"testing"
)

// room says where a package stands and what it may import of this module
// beyond the rule of its layer.
type room struct {
	layer int
	also  []string
}

// rooms is the layout of ARCHITECTURE.md. A package that is not listed fails.
//
// Layer 0 is pure. Layer 1 imports layer 0 and the engine contract; layer 2
// the same, and declares interfaces for the rest; layer 3 is the local API;
// layer 4 puts everything together.
func rooms() map[string]room {
	return map[string]room{
		"internal/address":           {layer: 0},
		"internal/fault":             {layer: 0},
		"internal/text":              {layer: 0},
		"internal/engine":            {layer: 1},
		"internal/engine/bittorrent": {layer: 1},
		"internal/engine/ipfs":       {layer: 1},
		"internal/engine/memory":     {layer: 1},
		"internal/engine/enginetest": {layer: 1},
		"internal/store":             {layer: 1},
		"internal/resolve":           {layer: 1},
		"internal/sqlite":            {layer: 0},
		"internal/doctor":            {layer: 1},
		"internal/seal":              {layer: 0},
		"internal/mailbox":           {layer: 1},
		"internal/relay":             {layer: 1, also: []string{"internal/mailbox", "internal/mailbox/ohttp"}},
		"internal/swarm":             {layer: 1},
		"internal/webtransport":      {layer: 1},
		"internal/openscreen":        {layer: 1},
		"internal/site":              {layer: 2},
		"internal/publish":           {layer: 2},
		"internal/person":            {layer: 2},
		"internal/library":           {layer: 2},
		"internal/sharing": {layer: 2, also: []string{
			"internal/person", "internal/person/guard", "internal/person/roster", "internal/library", "internal/library/copies",
			"internal/exchange", "internal/mailbox/client",
		}},
		"internal/app":      {layer: 2, also: []string{"internal/sharing"}},
		"internal/exchange": {layer: 2, also: []string{"internal/mailbox", "internal/mailbox/client"}},
		"internal/gateway":  {layer: 2},
		"internal/host":     {layer: 2, also: []string{"internal/relay/guard"}},
		"internal/front":    {layer: 2},
		"internal/nearby":   {layer: 2, also: []string{"internal/openscreen"}},
		"internal/api":      {layer: 3, also: []string{"web", "examples"}},
		"internal/node":     {layer: 4},
		"internal/install":  {layer: 2},
		"internal/cli":      {layer: 4},
		"internal/arch":     {layer: 5},
		"cmd/kith":          {layer: 5},
		"web":               {layer: 0},
		"examples":          {layer: 0},
		"e2e":               {layer: 5},
	}
}

// find returns the room of a folder: its own, or the nearest above it, so that
// a package may have parts of its own below it.
func find(dir string) (string, room, bool) {
	all := rooms()
	for d := dir; ; {
		if r, ok := all[d]; ok {
			return d, r, true
		}
		i := strings.LastIndexByte(d, '/')
		if i < 0 {
			return "", room{}, false
		}
		d = d[:i]
	}
}

// allowed reports whether a package in from may import one in to.
func allowed(from, to string) bool {
	fromRoom, f, ok1 := find(from)
	toRoom, g, ok2 := find(to)
	switch {
	case !ok1 || !ok2:
		return false
	case fromRoom == toRoom:
		return true
	case f.layer >= 3:
		return g.layer < f.layer || (fromRoom == "internal/cli" && toRoom == "internal/node")
	case to == "internal/engine":
		return f.layer > 0
	}
	for _, a := range f.also {
		if a == to {
			return true
		}
	}
	return g.layer == 0 && strings.HasPrefix(to, "internal/")
}

func TestImportsPointDown(t *testing.T) {
	for _, s := range sources(t) {
		if _, _, ok := find(s.dir); !ok && !s.test {
			t.Errorf("%s: package %s is in no layer: add it to rooms here and to ARCHITECTURE.md", s.path, s.dir)
			continue
		}
		if s.test {
			continue
		}
		for _, p := range s.imports() {
			to, ours := strings.CutPrefix(p, module+"/")
			if ours && !allowed(s.dir, to) {
				t.Errorf("%s imports %s: imports point down (ARCHITECTURE.md, Layers)", s.path, to)
			}
		}
	}
}

// TestTheLayersAreTold checks the checker: the rule must refuse what it is for.
func TestTheLayersAreTold(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     bool
	}{
		{"internal/gateway", "internal/engine", true},
		{"internal/gateway", "internal/address", true},
		{"internal/gateway", "internal/site", false},
		{"internal/gateway", "internal/engine/ipfs", false},
		{"internal/engine/ipfs", "internal/store", false},
		{"internal/engine/ipfs/pack", "internal/engine/ipfs", true},
		{"internal/address", "internal/engine", false},
		{"internal/api", "internal/site", true},
		{"internal/site", "internal/api", false},
		{"internal/node", "internal/api", true},
		{"internal/unlisted", "internal/address", false},
	} {
		if got := allowed(c.from, c.to); got != c.want {
			t.Errorf("allowed(%s, %s) = %v, want %v", c.from, c.to, got, c.want)
		}
	}
}

// fences lists third-party modules that only some packages may import.
func fences() map[string][]string {
	return map[string][]string{
		"github.com/anacrolix/":        {"internal/engine/bittorrent"},
		"github.com/pion/":             {"internal/engine/bittorrent", "internal/relay"},
		"github.com/gorilla/websocket": {"internal/engine/bittorrent", "internal/relay"},
		"github.com/ipfs/boxo":         {"internal/engine/ipfs"},
		"github.com/libp2p/":           {"internal/engine/ipfs"},
		"github.com/ipfs/go-cid":       {"internal/engine/ipfs", "internal/address", "internal/engine/memory"},
		"github.com/ipfs/":             {"internal/engine/ipfs", "internal/address", "internal/engine/memory"},
		"github.com/multiformats/":     {"internal/engine/ipfs", "internal/address", "internal/engine/memory"},
		"github.com/miekg/dns":         {"internal/resolve", "internal/openscreen"},
		"github.com/quic-go/":          {"internal/openscreen", "internal/webtransport"},
		"github.com/fxamacker/cbor":    {"internal/openscreen", "internal/seal", "internal/mailbox", "internal/relay"},
		"filippo.io/edwards25519":      {"internal/openscreen"},
		"github.com/caddyserver/":      {"internal/host"},
		"modernc.org/sqlite":           {"internal/sqlite"},
		"github.com/jackc/":            {"internal/relay"},
		"github.com/spf13/cobra":       {"internal/cli"},
		"github.com/schollz/":          {"internal/cli"},
		"rsc.io/qr":                    {"internal/cli", "internal/api"},
		"github.com/BurntSushi/toml":   {"internal/node"},
		"github.com/adrg/xdg":          {"internal/node"},
		"github.com/prometheus/":       {"internal/api", "internal/node", "internal/engine/ipfs"},
		"github.com/fsnotify/":         {"internal/publish"},
		"lukechampine.com/blake3":      {"internal/nearby"},
		"github.com/zalando/":          {"internal/person"},
		"github.com/tyler-smith/":      {"internal/person"},
	}
}

func TestThirdPartyCodeStaysBehindItsFence(t *testing.T) {
	for _, s := range sources(t) {
		own, _, _ := find(s.dir)
		if s.test || strings.HasPrefix(s.dir, "e2e") {
			continue
		}
		for _, p := range s.imports() {
			fence, longest := []string(nil), ""
			for prefix, where := range fences() {
				if strings.HasPrefix(p, prefix) && len(prefix) > len(longest) {
					fence, longest = where, prefix
				}
			}
			if longest == "" {
				continue
			}
			inside := false
			for _, where := range fence {
				inside = inside || own == where
			}
			if !inside {
				t.Errorf("%s imports %s: only %v may (ARCHITECTURE.md, Fences)", s.path, p, fence)
			}
		}
	}
}
