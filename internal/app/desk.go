package app

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/sharing"
)

// Kind is what a person is asked.
type Kind string

// The kinds of questions.
const (
	AskConnect Kind = "connect" // whether an origin may act as an app
	AskFriends Kind = "friends" // which friends an app sees
	AskShare   Kind = "share"   // who may see a document
	AskMount   Kind = "mount"   // what is mounted in an app
)

// Ask is a question that waits for the person. What the app says of itself is text
// of a stranger.
type Ask struct {
	ID      string `json:"id"`
	Kind    Kind   `json:"kind"`
	Label   string `json:"label"`
	URL     string `json:"url"`
	Address string `json:"address"`
	App     string `json:"app"`
	Title   string `json:"title,omitempty"`
	// Wants is what a connection is asked to allow, Others the addresses of other
	// origins that act as this app already.
	Wants  []string `json:"wants,omitempty"`
	Others []string `json:"others,omitempty"`
	// Friends are the IDs of those that the app sees now.
	Friends []string `json:"friends,omitempty"`
	// Path is what is shared, or where something is mounted.
	Path string `json:"path,omitempty"`
	// Audience is what the app proposes.
	Audience *sharing.Audience `json:"audience,omitempty"`
	Since    time.Time         `json:"since"`
}

// Answer is what a person says.
type Answer struct {
	Allow bool `json:"allow"`
	// Grants are those of Wants that are given, for connect; nil for all.
	Grants []string `json:"grants,omitempty"`
	// Friends are the IDs or names of those that the app sees, for connect and
	// friends.
	Friends []string `json:"friends,omitempty"`
	// Audience is for share.
	Audience *sharing.Audience `json:"audience,omitempty"`
	// Pick is for mount.
	Pick *Pick `json:"pick,omitempty"`
}

// Pick is what a person chose to mount: of a friend, or of an app of their own ("" for
// documents of no app).
type Pick struct {
	Friend   string `json:"friend,omitempty"`
	App      string `json:"app,omitempty"`
	Path     string `json:"path"`
	Writable bool   `json:"writable,omitempty"`
}

// errLate is the cause of a wait that the app did not want any longer.
var errLate = errors.New("nobody decided in time")

// desk asks the person. One question of a kind and an origin about one path is
// asked once, however many requests wait for its answer.
type desk struct {
	o Options

	mu       sync.Mutex
	asks     []*waiting
	patience map[string]*patience // by key
	changed  func()
}

// waiting is a question. decide does what a yes means.
type waiting struct {
	ask    Ask
	decide func(ctx context.Context, a Answer) error
	wants  int // requests that wait
	done   chan struct{}
	yes    bool
}

// patience counts refusals in a row.
type patience struct {
	refused int
	until   time.Time
}

func (a Ask) key() string {
	return strings.Join([]string{string(a.Kind), a.Label, a.App, a.Path}, "\x00")
}

// quiet is what refusals are counted by: other paths are the same question.
func (a Ask) quiet() string { return string(a.Kind) + "\x00" + a.Label }

// ask waits until the person decides, and is nil for a yes that was carried out.
func (d *desk) ask(ctx context.Context, a Ask, wait time.Duration, decide func(context.Context, Answer) error) error {
	w, err := d.enter(a, decide)
	if err != nil {
		return err
	}
	defer d.leave(w)
	ctx, cancel := context.WithTimeoutCause(ctx, wait, errLate)
	defer cancel()
	select {
	case <-w.done:
		if w.yes {
			return nil
		}
		return refused(whatOf(a.Kind))
	case <-ctx.Done():
		if errors.Is(context.Cause(ctx), errLate) {
			return told(408, "undecided", fault.New(fault.Unreachable, "nobody decided within %v", wait).
				WithHint("the person is asked in the console; ask again"))
		}
		return context.Cause(ctx)
	}
}

func whatOf(k Kind) string {
	switch k {
	case AskConnect:
		return "the connection"
	case AskFriends:
		return "showing friends"
	case AskShare:
		return "sharing that"
	}
	return "mounting something"
}

// enter puts a question on the desk, or joins the one that is there.
func (d *desk) enter(a Ask, decide func(context.Context, Answer) error) (*waiting, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	of := 0
	for _, w := range d.asks {
		if w.ask.key() == a.key() {
			w.wants++
			return w, nil
		}
		if w.ask.Label == a.Label {
			of++
		}
	}
	if p := d.patience[a.quiet()]; p != nil && d.o.Now().Before(p.until) {
		return nil, refused(whatOf(a.Kind))
	}
	if of >= d.o.MaxAppAsks || len(d.asks) >= d.o.MaxAsks {
		return nil, fault.New(fault.RateLimited, "%d questions wait for the person already", len(d.asks)).
			WithHint("wait until they answered")
	}
	a.ID, a.Since = rand.Text(), d.o.Now().UTC()
	w := &waiting{ask: a, decide: decide, wants: 1, done: make(chan struct{})}
	d.asks = append(d.asks, w)
	d.changed()
	return w, nil
}

// leave takes a question off the desk when nobody waits for it any more.
func (d *desk) leave(w *waiting) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if w.wants--; w.wants == 0 {
		d.remove(w)
	}
}

func (d *desk) remove(w *waiting) {
	before := len(d.asks)
	d.asks = slices.DeleteFunc(d.asks, func(x *waiting) bool { return x == w })
	if len(d.asks) != before {
		d.changed()
	}
}

// list are the questions, the oldest first.
func (d *desk) list() []Ask {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := []Ask{}
	for _, w := range d.asks {
		out = append(out, w.ask)
	}
	return out
}

// answer carries out what the person says to a question. A yes that cannot be
// carried out leaves the question where it is.
func (d *desk) answer(ctx context.Context, id string, a Answer) error {
	d.mu.Lock()
	i := slices.IndexFunc(d.asks, func(w *waiting) bool { return w.ask.ID == id })
	if i < 0 {
		d.mu.Unlock()
		return fault.New(fault.NotFound, "that question is not asked any more").WithHint("the app may have been closed")
	}
	w := d.asks[i]
	d.mu.Unlock()
	if a.Allow {
		if err := w.decide(ctx, a); err != nil {
			return err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	select {
	case <-w.done:
		return nil // answered by another window at the same time
	default:
	}
	w.yes = a.Allow
	d.count(w.ask.quiet(), a.Allow)
	close(w.done)
	d.remove(w)
	return nil
}

// count keeps how often an origin was refused.
func (d *desk) count(key string, yes bool) {
	if yes {
		delete(d.patience, key)
		return
	}
	p := d.patience[key]
	if p == nil {
		if len(d.patience) >= d.o.MaxGrants {
			clear(d.patience)
		}
		p = &patience{}
		d.patience[key] = p
	}
	if p.refused++; p.refused >= d.o.MaxRefusals {
		p.refused, p.until = 0, d.o.Now().Add(d.o.Quiet)
	}
}
