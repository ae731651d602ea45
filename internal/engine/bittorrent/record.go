package bittorrent

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/kith-web/kith/internal/engine/bittorrent/metafile"
	"github.com/kith-web/kith/internal/engine/bittorrent/vault"
)

// What the bucket holds, each followed by a site's key; see also publishedPrefix
// and namePrefix.
const (
	indexPrefix  = "index/"  // the .torrent file
	folderPrefix = "folder/" // the published folder
	countPrefix  = "count/"  // counters
	aliasPrefix  = "alias/"  // the key, by another infohash
)

// folderRecord is a published folder as it was.
type folderRecord struct {
	Root  string         `json:"root"`
	Files []folderedFile `json:"files"`
}

type folderedFile struct {
	Path    string `json:"p"`
	Offset  int64  `json:"o"`
	Size    int64  `json:"s"`
	ModTime int64  `json:"m"` // nanoseconds since 1970
}

func (r folderRecord) sources() []vault.SourceFile {
	out := make([]vault.SourceFile, len(r.Files))
	for i, f := range r.Files {
		out[i] = vault.SourceFile(f)
	}
	return out
}

// counters are what went down and up, over restarts.
type counters struct {
	Down int64 `json:"down"`
	Up   int64 `json:"up"`
}

// recall reads the JSON record at key; ok is false when there is none.
func recall[T any](b Bucket, key string) (v T, ok bool, err error) {
	data, err := b.Get(key)
	if errors.Is(err, fs.ErrNotExist) {
		return v, false, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &v)
	}
	if err != nil {
		return v, false, fmt.Errorf("read the record %s: %w", key, err)
	}
	return v, true, nil
}

// index reads the stored .torrent file of a site.
func (e *Engine) index(key string) (t *metafile.Torrent, ok bool, err error) {
	data, err := e.o.Store.Get(indexPrefix + key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read the index of torrent %s: %w", key, err)
	}
	t, err = metafile.ParseTorrent(data, e.o.Limits)
	return t, err == nil, err
}

// forget deletes everything stored of a site.
func (e *Engine) forget(key string) error {
	deletes := []string{indexPrefix + key, folderPrefix + key, countPrefix + key}
	e.aliasMu.Lock()
	for other, k := range e.alias {
		if k == key {
			delete(e.alias, other)
			deletes = append(deletes, aliasPrefix+other)
		}
	}
	e.aliasMu.Unlock()
	// The pieces first: on a full disk there may be no room to write that they went.
	return errors.Join(vault.Delete(e.path(key)), e.o.Store.Apply(nil, deletes))
}
