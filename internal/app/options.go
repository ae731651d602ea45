package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/sharing"
)

// Defaults of Options.
const (
	DefaultMaxDocument = 8 << 30
	DefaultMaxPatch    = 1 << 20
	DefaultMaxJSON     = 64 << 10
	DefaultMaxAsks     = 32
	DefaultMaxAppAsks  = 4
	DefaultMaxGrants   = 1000
	DefaultMaxMounts   = 64
	DefaultMaxRequests = 256
	DefaultMaxStreams  = 16
	DefaultMaxRefusals = 3
	DefaultQuiet       = time.Hour
	DefaultDecideIn    = 2 * time.Minute
	DefaultFriendWait  = 2 * time.Second
	DefaultMaxWait     = 5 * time.Minute
	DefaultBeat        = 15 * time.Second
)

// Sharing is what of the person's private side apps are served from:
// internal/sharing's Service.
type Sharing interface {
	// State says whether there is a person; Create makes one.
	State() sharing.State
	Create(ctx context.Context, name string) error

	Put(ctx context.Context, p sharing.Put) (sharing.Document, error)
	PutPart(ctx context.Context, p sharing.Put, part sharing.Part) (sharing.Parts, error)
	Draft(ctx context.Context, app, path string) (sharing.Parts, error)
	Document(ctx context.Context, app, path string) (sharing.Document, error)
	Open(ctx context.Context, app, path string) (sharing.Document, sharing.Body, error)
	List(ctx context.Context, p sharing.Page) ([]sharing.Document, error)
	ChangeDocument(ctx context.Context, app, path string, c sharing.Change) (sharing.Document, error)
	DeleteIf(ctx context.Context, app, path, ifMatch string) (sharing.Deleted, error)

	// Circle has friends and lists, Handles the secret that handles are made with.
	Circle(ctx context.Context) (sharing.Circle, error)
	Handles(ctx context.Context) ([]byte, error)

	// Ask asks a friend; Copy opens what they sent before; Asked says what became of
	// a question, and Withdraw gives it up.
	Ask(ctx context.Context, a sharing.Ask) (*sharing.Answer, error)
	Copy(ctx context.Context, friend, app, path string) (*sharing.Answer, error)
	Asked(ctx context.Context, id string) (sharing.AskState, error)
	Withdraw(ctx context.Context, id string) error
	Forget(ctx context.Context, friend, path string) error

	// Await waits until State is newer than version, and returns its version.
	Await(ctx context.Context, version uint64) (uint64, error)

	// Watch tells what changes of one app's documents.
	Watch(ctx context.Context, app string) <-chan sharing.Event
}

// Bucket is where grants, mounts and requests are kept; a bucket of package store
// is one.
type Bucket interface {
	// Put sets the value of key.
	Put(key string, value []byte) error
	// Delete removes key; it is no error when it is absent.
	Delete(key string) error
	// Each calls f for every key that begins with prefix, in order.
	Each(prefix string, f func(key string, value []byte) error) error
}

// Options of a Host. Sharing, Store and Console are required.
type Options struct {
	// Sharing is the person's private side.
	Sharing Sharing
	// Store keeps what was granted.
	Store Bucket
	// Console is the origin of the node's console: http://localhost:5484.
	Console string
	// Log gets what goes wrong; nil discards it.
	Log *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time

	// MaxDocument is how many octets a document may have, MaxPatch one that is
	// patched, MaxJSON a request of JSON.
	MaxDocument int64
	MaxPatch    int64
	MaxJSON     int64
	// MaxAsks is how many questions wait for the person at once, MaxAppAsks how
	// many of one origin.
	MaxAsks    int
	MaxAppAsks int
	// MaxGrants is how many origins may be connected, MaxMounts how many mounts one
	// may have, MaxRequests how many requests of one are remembered (the oldest
	// goes), MaxStreams how many streams of events one may hold open.
	MaxGrants   int
	MaxMounts   int
	MaxRequests int
	MaxStreams  int
	// MaxRefusals is after how many refusals in a row an origin may not ask the
	// same again for as long as Quiet: it is refused at once.
	MaxRefusals int
	Quiet       time.Duration
	// DecideIn is how long a person is waited for, FriendWait a friend, unless the
	// app prefers otherwise; MaxWait is the longest that it may prefer.
	DecideIn   time.Duration
	FriendWait time.Duration
	MaxWait    time.Duration
	// Beat is how often a stream of events says that it is alive.
	Beat time.Duration
}

func (o *Options) setDefaults() error {
	if o.Sharing == nil || o.Store == nil || o.Console == "" {
		return fault.New(fault.Internal, "app: sharing, a store and a console are needed")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	setDefault(&o.MaxDocument, DefaultMaxDocument)
	setDefault(&o.MaxPatch, DefaultMaxPatch)
	setDefault(&o.MaxJSON, DefaultMaxJSON)
	setDefault(&o.MaxAsks, DefaultMaxAsks)
	setDefault(&o.MaxAppAsks, DefaultMaxAppAsks)
	setDefault(&o.MaxGrants, DefaultMaxGrants)
	setDefault(&o.MaxMounts, DefaultMaxMounts)
	setDefault(&o.MaxRequests, DefaultMaxRequests)
	setDefault(&o.MaxStreams, DefaultMaxStreams)
	setDefault(&o.MaxRefusals, DefaultMaxRefusals)
	setDefault(&o.Quiet, DefaultQuiet)
	setDefault(&o.DecideIn, DefaultDecideIn)
	setDefault(&o.FriendWait, DefaultFriendWait)
	setDefault(&o.MaxWait, DefaultMaxWait)
	setDefault(&o.Beat, DefaultBeat)
	return nil
}

func setDefault[T int | int64 | time.Duration](p *T, d T) {
	if *p <= 0 {
		*p = d
	}
}
