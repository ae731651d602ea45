package site

import (
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
)

// Mode is the way a site is shown.
type Mode string

// The modes.
const (
	// ModeSite is an ordinary page of its own.
	ModeSite Mode = "site"
	// ModeApp is an app in the shell, kept from talking to any server but those
	// its user allowed.
	ModeApp Mode = "app"
)

// State is what a site is doing.
type State string

// The states.
const (
	StateOpening State = "opening" // looked for
	StateOpen    State = "open"    // readable, and served to peers
	StateClosed  State = "closed"  // at rest; what was stored of it is still there
)

// Site is what is known of a site at one moment.
type Site struct {
	// Address is what people call it by, without path; Label its origin.
	Address address.Address `json:"address"`
	Label   string          `json:"label"`
	// Name is what the site or its link calls itself; "" when it does not.
	Name string `json:"name,omitempty"`
	// Target is the immutable address behind it now; not valid while unknown.
	Target  address.Address `json:"target,omitzero"`
	Network address.Network `json:"network,omitempty"`
	// State is what it is doing, Error why opening it failed last.
	State State  `json:"state"`
	Error string `json:"error,omitempty"`
	// Retry is when a failed opening is tried again; zero when it is not.
	Retry time.Time `json:"retry,omitzero"`
	// Stale says that what its name points at now could not be found out.
	Stale bool `json:"stale,omitempty"`

	// Pinned keeps it for good; Published is a folder of this computer's.
	Pinned    bool `json:"pinned"`
	Published bool `json:"published"`
	// Mode is how it is shown; Allow lists the origins an app may talk to.
	Mode  Mode     `json:"mode"`
	Allow []string `json:"allow,omitempty"`

	// Opened is when it was first opened, LastUsed when it was last read.
	Opened   time.Time `json:"opened,omitzero"`
	LastUsed time.Time `json:"lastUsed,omitzero"`
	// SeededUntil is when it stops being served unless it is used again; zero
	// for one that is kept, in use, or closed.
	SeededUntil time.Time `json:"seededUntil,omitzero"`

	// Stats is how things stand in the engine.
	Stats engine.Stats `json:"stats"`
}
