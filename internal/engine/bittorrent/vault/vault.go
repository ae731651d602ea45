package vault

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/engine/bittorrent/metafile"
)

// syncDelay is how long after a piece the blob is brought onto the disk itself.
const syncDelay = 5 * time.Second

// Options of a Vault.
type Options struct {
	// Path is the file's name without ending.
	Path string
	Meta *metafile.Meta
	// Folder and Files are the published folder, if there is one.
	Folder string
	Files  []SourceFile
	// OnComplete is called, without locks, with a piece that was verified.
	OnComplete func(i int)
	// OnLost is called, without locks, with pieces that turned out to be gone.
	OnLost func(first, end int)
	// OnError is called when the disk fails, or a published file is not what it was.
	OnError func(error)
}

// Vault keeps the pieces of one torrent. Its methods are safe for concurrent
// use.
type Vault struct {
	o      Options
	have   *bits // in the blob
	folder *folder

	mu      sync.RWMutex
	blob    *os.File // nil before the first write
	bits    *bitsFile
	closed  bool
	timer   *time.Timer
	changed chan struct{}
	lost    *bits // of the folder's pieces
}

// Open opens the vault. Files are made when the first piece comes.
func Open(o Options) (*Vault, error) {
	v := &Vault{o: o, have: newBits(o.Meta.Pieces), lost: newBits(o.Meta.Pieces), changed: make(chan struct{})}
	if o.Folder != "" {
		v.folder = newFolder(o.Folder, o.Files)
		for i := range o.Meta.Pieces {
			if !v.folder.intact(v.extent(i)) {
				v.lost.set(i)
			}
		}
	}
	if _, err := os.Stat(v.bitsName()); err == nil {
		if err := v.openFiles(); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func (v *Vault) blobName() string { return v.o.Path + ".data" }
func (v *Vault) bitsName() string { return v.o.Path + ".bits" }

// extent is where piece i begins and ends.
func (v *Vault) extent(i int) (from, to int64) {
	from = int64(i) * v.o.Meta.PieceLength
	return from, from + v.o.Meta.PieceSize(i)
}

// openFiles opens the blob and its bits; the caller holds mu or is alone.
func (v *Vault) openFiles() error {
	blob, err := os.OpenFile(v.blobName(), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open the pieces: %w", err)
	}
	info, err := blob.Stat()
	var have *bits
	if err == nil {
		v.bits, have, err = openBits(v.bitsName(), v.o.Meta.Pieces)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("open the pieces: %w", err), blob.Close())
	}
	for i := range v.o.Meta.Pieces {
		if _, to := v.extent(i); have.has(i) && to <= info.Size() {
			v.have.set(i)
		}
	}
	v.blob = blob
	return nil
}

// file returns the blob, made when create is set.
func (v *Vault) file(create bool) (*os.File, error) {
	v.mu.RLock()
	blob, closed := v.blob, v.closed
	v.mu.RUnlock()
	switch {
	case closed:
		return nil, fs.ErrClosed
	case blob != nil:
		return blob, nil
	case !create:
		return nil, fs.ErrNotExist
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return nil, fs.ErrClosed
	}
	if v.blob == nil {
		if err := v.openFiles(); err != nil {
			return nil, err
		}
	}
	return v.blob, nil
}

// Has says whether piece i is there, as far as is known.
func (v *Vault) Has(i int) bool {
	return v.have.has(i) || (v.folder != nil && !v.lost.has(i))
}

// Count says how many pieces are there.
func (v *Vault) Count() int {
	n := int(v.have.count.Load())
	if v.folder == nil {
		return n
	}
	if v.lost.count.Load() == 0 {
		return v.o.Meta.Pieces
	}
	n = 0
	for i := range v.o.Meta.Pieces {
		if v.Has(i) {
			n++
		}
	}
	return n
}

// Stored says how many octets of pieces are in the vault's own file.
func (v *Vault) Stored() int64 {
	if n := int(v.have.count.Load()); n == 0 {
		return 0
	} else if n == v.o.Meta.Pieces {
		return v.o.Meta.Size
	}
	var n int64
	for i := range v.o.Meta.Pieces {
		if v.have.has(i) {
			n += v.o.Meta.PieceSize(i)
		}
	}
	return n
}

// Changed returns a channel that is closed when a piece comes or goes, or the
// vault is closed.
func (v *Vault) Changed() <-chan struct{} {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.changed
}

func (v *Vault) broadcast() {
	v.mu.Lock()
	defer v.mu.Unlock()
	close(v.changed)
	v.changed = make(chan struct{})
}

// complete says that piece i was verified in the blob.
func (v *Vault) complete(i int) error {
	v.mu.Lock()
	if v.closed || v.bits == nil {
		v.mu.Unlock()
		return fs.ErrClosed
	}
	err := v.bits.add(i)
	if err == nil && v.timer == nil {
		v.timer = time.AfterFunc(syncDelay, v.sync)
	}
	if err == nil {
		v.have.set(i)
	}
	v.mu.Unlock()
	v.broadcast()
	if err == nil && v.o.OnComplete != nil {
		v.o.OnComplete(i)
	}
	return err
}

// incomplete says that piece i in the blob is bad.
func (v *Vault) incomplete(i int) error {
	if !v.have.clear(i) {
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed || v.bits == nil {
		return fs.ErrClosed
	}
	return v.bits.remove(i)
}

// Drop takes piece i off, which turned out to be another than it was.
func (v *Vault) Drop(i int) {
	if err := v.incomplete(i); err != nil && v.o.OnError != nil {
		v.o.OnError(fmt.Errorf("drop a piece: %w", err))
	}
	if v.folder != nil && v.lost.set(i) && v.o.OnLost != nil {
		v.o.OnLost(i, i+1)
	}
}

// sync brings what is complete onto the disk.
func (v *Vault) sync() {
	v.mu.Lock()
	v.timer = nil
	if v.closed || v.bits == nil {
		v.mu.Unlock()
		return
	}
	blob, snap := v.blob, append([]byte(nil), v.bits.fresh...)
	v.mu.Unlock()
	err := blob.Sync()
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return
	}
	if err == nil {
		err = v.bits.secure(snap)
	}
	if err != nil && v.o.OnError != nil {
		v.o.OnError(fmt.Errorf("sync the pieces: %w", err))
	}
}

// Close brings everything onto the disk and closes the files.
func (v *Vault) Close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return nil
	}
	v.closed = true
	close(v.changed)
	v.changed = make(chan struct{})
	close(v.changed)
	if v.folder != nil {
		v.folder.close()
	}
	pending := v.timer != nil && v.timer.Stop()
	if v.blob == nil {
		return nil
	}
	var err error
	if pending {
		if err = v.blob.Sync(); err == nil {
			err = v.bits.secure(v.bits.fresh)
		}
	}
	return errors.Join(err, v.blob.Close(), v.bits.f.Close())
}

// Delete removes the files of the vault at path, which is closed. A published
// folder is not touched.
func Delete(path string) error {
	var errs []error
	for _, name := range []string{path + ".bits", path + ".data"} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
