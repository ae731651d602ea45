package engine

import (
	"context"
	"io"
	"io/fs"

	"github.com/kith-web/kith/internal/address"
)

// Engine opens and keeps the sites of one network. Implementations are safe
// for concurrent use.
type Engine interface {
	// Network says which addresses the engine opens.
	Network() address.Network

	// Open returns the site at a, waiting until its root can be listed, from
	// disk without any peer when it is there, else from peers. Opening an open
	// site returns the same one with one more reference; each is closed.
	//
	// a must be immutable and of this network, otherwise the error is of kind
	// fault.Invalid. It is fault.Unreachable when ctx ends before a peer
	// answered, fault.Corrupt when what the address names is not a site this
	// engine can serve safely (paths that climb, absurd sizes), and
	// fault.TooLarge when it is over a configured limit.
	Open(ctx context.Context, a address.Address) (Site, error)

	// Stats says how things stand with the site at a, also while Open is still
	// waiting for it; ok is false when the engine knows nothing of it.
	Stats(a address.Address) (s Stats, ok bool)

	// Remove deletes what the engine stored for a and stops serving it. A
	// published folder is forgotten but never touched. Sites held open fail
	// their next read with fs.ErrClosed. Removing what is not there is no error.
	Remove(ctx context.Context, a address.Address) error

	// Status describes the engine as a whole.
	Status() Status

	// Close stops the engine. What was verified is on disk by then.
	Close() error
}

// Site is one open site. While it is open, what is on disk of it is announced
// and served to peers; after Close it stays on disk until Engine.Remove.
type Site interface {
	// Address is the address the site was opened at, without path and hints.
	Address() address.Address

	// FS returns the site's files. Reads block until peers deliver, and fail
	// with the cause of ctx when it ends. The FS implements fs.ReadDirFS and
	// fs.StatFS; names are as in io/fs, the root is ".". Regular files
	// implement File. Symbolic links are followed inside the site and refused
	// (fs.ErrNotExist) where they leave it.
	FS(ctx context.Context) fs.FS

	// Complete fetches everything that is not on disk yet. Progress is seen in
	// Stats.
	Complete(ctx context.Context) error

	// Close gives back one reference.
	Close() error
}

// File is an open regular file of a site. Reading moves the engine's
// read-ahead; seeking is free until the next read.
type File interface {
	fs.File
	io.ReadSeeker
	io.ReaderAt

	// WriteTo writes the rest of the file to w. Engines hand w an *os.File
	// where they can (by io.Copy), so that a network connection uses the
	// kernel's own copy.
	io.WriterTo
}

// Identity is implemented by the fs.FileInfo of engines that have an identifier for a
// file's content; the gateway makes ETags of it. It is stable and differs for
// different content.
type Identity interface {
	// ContentID is an opaque printable string without quotes.
	ContentID() string
}
