package memory

import (
	"sync"
	"time"
)

// Disk is what an engine keeps: it outlives the engine, as a folder would.
type Disk struct {
	mu    sync.Mutex
	sites map[string]*stored // by address key
	names map[string]record  // by address key of the name
}

// NewDisk returns an empty disk.
func NewDisk() *Disk {
	return &Disk{sites: map[string]*stored{}, names: map[string]record{}}
}

// stored is one site on a disk. Its fields are guarded by the disk's mutex,
// but for raw, manifest and folder, which never change.
type stored struct {
	raw      []byte
	manifest *manifest
	folder   *folder         // nil unless published here
	pieces   map[hash][]byte // what was fetched from peers

	downloaded, uploaded int64
}

// folder is a published folder, read in place.
type folder struct {
	root     string
	modTimes []time.Time // of each file of the manifest, when it was published
}

// site returns the stored site under key, nil when there is none.
func (d *Disk) site(key string) *stored {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sites[key]
}

// keep stores a site, or adds a folder to one that was fetched before.
func (d *Disk) keep(key string, s *stored) *stored {
	d.mu.Lock()
	defer d.mu.Unlock()
	if old := d.sites[key]; old != nil {
		if s.folder == nil {
			return old
		}
		s.pieces, s.downloaded, s.uploaded = old.pieces, old.downloaded, old.uploaded
	}
	d.sites[key] = s
	return s
}

func (d *Disk) remove(key string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.sites, key)
}

// piece returns a fetched piece.
func (d *Disk) piece(key string, h hash) ([]byte, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.sites[key]
	if s == nil {
		return nil, false
	}
	data, ok := s.pieces[h]
	return data, ok
}

// putPiece stores a verified piece that came from a peer.
func (d *Disk) putPiece(key string, h hash, data []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.sites[key]; s != nil {
		s.pieces[h] = data
		s.downloaded += int64(len(data))
	}
}

// sent counts what a peer was given.
func (d *Disk) sent(key string, n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.sites[key]; s != nil {
		s.uploaded += int64(n)
	}
}

// published returns the sites that were published from root.
func (d *Disk) published(root string) []*stored {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []*stored
	for _, s := range d.sites {
		if s.folder != nil && s.folder.root == root {
			out = append(out, s)
		}
	}
	return out
}
