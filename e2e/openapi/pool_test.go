package openapi

import (
	"encoding/json"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// pool remembers what answers named, so that later requests name things that exist,
// and has what cannot be thought of at random.
type pool struct {
	w  *world
	mu sync.Mutex
	of map[string][]string // by the name of a member
}

// keep is how many values of a name are remembered.
const keep = 24

func newPool(w *world) *pool { return &pool{w: w, of: map[string][]string{}} }

// learn takes in the strings of a JSON answer.
func (p *pool) learn(data []byte) {
	var v any
	if json.Unmarshal(data, &v) == nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.look("", v)
	}
}

func (p *pool) look(name string, v any) {
	switch x := v.(type) {
	case map[string]any:
		for k, v := range x {
			p.look(k, v)
		}
	case []any:
		for _, v := range x {
			p.look(name, v)
		}
	case string:
		p.add(name, x)
	}
}

func (p *pool) add(name, value string) {
	values := p.of[name]
	if value == "" || slices.Contains(values, value) {
		return
	}
	if len(values) >= keep {
		values = values[1:]
	}
	p.of[name] = append(values, value)
}

// known is a value that an answer had under a name.
func (p *pool) known(r *rand.Rand, name string) (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	values := p.of[name]
	if len(values) == 0 {
		return "", false
	}
	return values[r.IntN(len(values))], true
}

// special are values of a format. None leads out of this computer, or to files that
// are not the test's.
func (p *pool) special(r *rand.Rand, format string) (string, bool) {
	local := p.w.server.URL
	pick := func(values ...string) (string, bool) { return values[r.IntN(len(values))], true }
	switch format {
	case "path":
		return pick(p.w.site, p.w.site, filepath.Join(p.w.site, "index.html"), filepath.Join(p.w.home, "none"), "relative/folder", "", p.w.site+"/../"+filepath.Base(p.w.site))
	case "address":
		if known, ok := p.known(r, "address"); ok && r.IntN(2) == 0 {
			return known, true
		}
		return pick("example.org", "ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi/",
			"wtp://"+strings.Repeat("0a", 20)+"/page.html?x=1#y", "magnet:?xt=urn:btih:"+strings.Repeat("0b", 20), "ipns://example.org/",
			local+"/none.torrent", filepath.Join(p.w.site, "none.torrent"), "ipfs://", "wtp://"+strings.Repeat("z", 40), "", "::", "/ipfs/../..")
	case "loopback":
		return pick(local, local+"/x", "ftp://localhost", "localhost", "")
	case "page":
		return pick(local+"/", "https://example.org/game?x#y", "http://example.org/", "javascript:alert(1)", "")
	case "origin":
		return pick("https://api.example.org", local, "https://example.org/path", "*", "")
	case "tracker":
		return pick(local+"/announce", "udp://127.0.0.1:9/announce", "x")
	case "extension-origin":
		return pick("moz-extension://0a1b2c3d-0000-1111-2222-333344445555", "chrome-extension://abcdefghijklmnopabcdefghijklmnop", "https://example.org", "")
	case "passphrase":
		return pick("eine kurze Nachtmusik", "eine kurze Nachtmusik", "short", "")
	case "link":
		if known, ok := p.known(r, "link"); ok && r.IntN(2) == 0 {
			return known, true
		}
		return pick("http://localhost/friend#", "http://localhost/friend#kith1abc", "x", "")
	case "label":
		return p.known(r, "label")
	}
	return "", false
}
