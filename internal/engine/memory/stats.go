package memory

import (
	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
)

// mapRuns is the most runs that engine.Stats.Map has.
const mapRuns = 512

// Stats implements engine.Engine.
func (e *Engine) Stats(a address.Address) (engine.Stats, bool) {
	if e.check(a) != nil {
		return engine.Stats{}, false
	}
	key := a.Key()
	e.mu.Lock()
	open, opening := e.open[key], e.opening[key] > 0
	e.mu.Unlock()
	out := engine.Stats{Peers: e.peersOf(key)}
	out.Known = len(out.Peers)
	e.disk.mu.Lock()
	defer e.disk.mu.Unlock()
	kept := e.disk.sites[key]
	switch {
	case kept == nil && !opening:
		return engine.Stats{}, false
	case kept == nil:
		out.Waiting = "looking for peers"
		return out, true
	case open != nil && open.waiting.Load() > 0:
		out.Waiting = "pieces from peers"
	}
	kept.describe(&out)
	return out, true
}

// peersOf lists the peers that have the site open.
func (e *Engine) peersOf(key string) []engine.Peer {
	out := []engine.Peer{}
	peers, _ := e.network.peers(e)
	for _, p := range peers {
		if _, ok := p.giveManifest(key); ok {
			out = append(out, engine.Peer{ID: p.id, Kind: engine.PeerTCP, Progress: -1})
		}
	}
	return out
}

// describe fills in what the disk knows.
func (s *stored) describe(out *engine.Stats) {
	out.Total, out.Files = s.manifest.total(), len(s.manifest.Files)
	out.Downloaded, out.Uploaded = s.downloaded, s.uploaded
	out.Disk = int64(len(s.raw))
	if s.folder != nil {
		out.Folder = s.folder.root
	}
	var have []bool
	for _, f := range s.manifest.Files {
		for i, h := range f.Pieces {
			data, ok := s.pieces[h]
			if ok || s.folder != nil {
				out.Have++
				out.Stored += min(int64(s.manifest.PieceSize), f.Size-int64(i)*int64(s.manifest.PieceSize))
			}
			have = append(have, ok || s.folder != nil)
			out.Disk += int64(len(data))
		}
	}
	out.Pieces = len(have)
	out.Map = runs(have)
}

// runs draws have in at most mapRuns digits, 0 to 9.
func runs(have []bool) string {
	n := min(mapRuns, len(have))
	digits := make([]byte, n)
	for i := range digits {
		begin, end := i*len(have)/n, (i+1)*len(have)/n
		count := 0
		for _, ok := range have[begin:end] {
			if ok {
				count++
			}
		}
		digits[i] = '0' + byte(9*count/(end-begin))
	}
	return string(digits)
}
