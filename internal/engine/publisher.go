package engine

import (
	"context"
	"crypto/ed25519"
	"io"
	"time"

	"github.com/kith-web/kith/internal/address"
)

// Publisher is an Engine that can publish a folder. The files stay where they
// are and are read in place; the engine stores only what it needs to find and
// verify its blocks in them, and serves nothing of a file whose size or
// modification time changed since, until it is published again.
type Publisher interface {
	Engine

	// Draft begins a site made of src. Nothing is visible to peers before
	// Draft.Commit.
	Draft(ctx context.Context, src Source, o DraftOptions) (Draft, error)
}

// DraftOptions are what a publisher may choose about a site. The zero value is
// the default of every engine.
type DraftOptions struct {
	// Hybrid makes a BitTorrent v1 + v2 torrent (BEP 52) instead of v1.
	Hybrid bool
	// Trackers and WebSeeds are written into a torrent.
	Trackers []string
	WebSeeds []string
}

// Source is a folder (or one file) to publish, as its files were found.
type Source struct {
	// Root is the absolute path of the folder.
	Root string
	// Name is what the site calls itself: the folder's own name.
	Name string
	// Files are the regular files, in the order their bytes will be written to
	// the Draft. Paths are unique and as in io/fs.
	Files []SourceFile
}

// SourceFile is one file of a Source.
type SourceFile struct {
	Path    string
	Size    int64
	ModTime time.Time
}

// Draft is a site in the making. Its methods are called from one goroutine.
type Draft interface {
	// Need says whether the bytes of file i are wanted; false when the engine
	// still knows them from an earlier publication and the file's size and
	// modification time are unchanged.
	Need(i int) bool

	// File returns the writer that takes the bytes of file i. Files that are
	// needed come in ascending order, each whole and once, each closed before the
	// next; the writer owns none of the slices given to it.
	File(i int) (io.WriteCloser, error)

	// Commit makes the site visible and returns its address. The site is served
	// once it is opened.
	Commit(ctx context.Context) (address.Address, error)

	// Abort drops the draft. It is called after Commit too, and does nothing
	// then.
	Abort()
}

// Namer is an Engine whose network has mutable names under a key.
type Namer interface {
	Engine

	// PublishName points the name that belongs to key at target, with a
	// sequence number above every one seen before, and returns the name's
	// address. It succeeds once the record is stored here; announcing it goes
	// on in the background, again and again while the engine runs.
	PublishName(ctx context.Context, key ed25519.PrivateKey, target address.Address) (address.Address, error)

	// ResolveName returns what name points at, and for how long the answer may
	// be kept. fault.Unreachable when nobody knew in time, fault.Corrupt when
	// only records with a bad signature came.
	ResolveName(ctx context.Context, name address.Address) (target address.Address, ttl time.Duration, err error)
}

// Importer is an Engine that takes an index file made elsewhere.
type Importer interface {
	Engine

	// Import stores the index (a .torrent file) and returns the address it
	// describes, which Open then opens without asking peers for it.
	Import(ctx context.Context, index []byte) (address.Address, error)
}
