package gateway

import (
	"context"
	"io/fs"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
)

// Sites is what the gateway needs of the site manager.
type Sites interface {
	// Open returns the site at a, waiting for peers until ctx ends. Looking for
	// it goes on without the caller.
	Open(ctx context.Context, a address.Address) (Handle, error)
	// PolicyOf is how the person wants the site at a shown; the zero Policy for
	// one that nobody asked for yet. Every navigation asks, so it must be cheap.
	PolicyOf(a address.Address) Policy
	// Look says how things stand with a site, without opening it.
	Look(a address.Address) engine.Stats
}

// Handle is a site in use.
type Handle interface {
	// FS is the site's files, as engine.Site has them.
	FS(ctx context.Context) fs.FS
	// Target is the immutable address the files come from; its Path is the
	// folder in it where the site begins.
	Target() address.Address
	// Policy is how the person wants the site shown.
	Policy() Policy
	// ClearOnNext reports, once, that the browser's storage of the origin has to
	// be cleared, because the way the site is shown changed.
	ClearOnNext() bool
	// Close ends the use.
	Close()
}

// Policy is how a site is shown.
type Policy struct {
	// App is true for an app in the shell, which may talk to no server but
	// those in Allow; false for an ordinary page.
	App bool
	// Allow lists origins (https://api.example.org).
	Allow []string
}
