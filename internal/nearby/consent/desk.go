package consent

import (
	"context"
	"crypto/rand"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/fault"
)

// Defaults of Options.
const (
	DefaultMaxAsks       = 64
	DefaultMaxAppAsks    = 4
	DefaultMaxGrants     = 10_000
	DefaultMaxNickname   = 64
	DefaultMaxDismissals = 3
	DefaultQuiet         = time.Hour
	DefaultMaxConnects   = 16
)

// Bucket is where grants are remembered; a bucket of package store is one.
type Bucket interface {
	// Put sets the value of key.
	Put(key string, value []byte) error
	// Delete removes key; it is no error when it is absent.
	Delete(key string) error
	// Each calls f for every key that begins with prefix, in order.
	Each(prefix string, f func(key string, value []byte) error) error
}

// Options of a Desk. Store is required.
type Options struct {
	// Store remembers grants.
	Store Bucket
	// Log gets what cannot be remembered; nil discards it.
	Log *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time

	// MaxAsks is how many questions are shown at once, MaxAppAsks how many of
	// one app. Others wait unseen, which the page cannot tell.
	MaxAsks    int
	MaxAppAsks int
	// MaxGrants is how many yeses are remembered.
	MaxGrants int
	// MaxNickname is how many octets of a page's name for itself are shown.
	MaxNickname int
	// MaxDismissals is after how many dismissals in a row an app may not ask the
	// same kind of question again for as long as Quiet.
	MaxDismissals int
	Quiet         time.Duration
	// MaxConnects is how many capabilities one origin may have: one for each
	// browser of the person.
	MaxConnects int
}

func (o *Options) setDefaults() {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	for p, d := range map[*int]int{
		&o.MaxAsks: DefaultMaxAsks, &o.MaxAppAsks: DefaultMaxAppAsks, &o.MaxGrants: DefaultMaxGrants,
		&o.MaxNickname: DefaultMaxNickname, &o.MaxDismissals: DefaultMaxDismissals, &o.MaxConnects: DefaultMaxConnects,
	} {
		if *p <= 0 {
			*p = d
		}
	}
	if o.Quiet <= 0 {
		o.Quiet = DefaultQuiet
	}
}

// Desk asks, remembers and forgets. It is safe for concurrent use.
type Desk struct {
	o Options

	mu       sync.Mutex
	asks     []*waiting // in the order in which they came
	grants   map[string]Grant
	patience map[string]*patience // by kind and app
	secret   []byte               // of pseudonyms
	revoked  []func(Grant)
}

// waiting is a question and who waits for its answer.
type waiting struct {
	ask    Ask
	answer chan Answer // with room for one
}

// patience counts how often a person did not want to hear a question.
type patience struct {
	dismissed int
	until     time.Time
}

// New returns a Desk with what was granted before.
func New(o Options) (*Desk, error) {
	if o.Store == nil {
		return nil, fault.New(fault.Internal, "consent: a store is needed")
	}
	o.setDefaults()
	d := &Desk{o: o, grants: map[string]Grant{}, patience: map[string]*patience{}}
	return d, d.load()
}

// OnRevoke has f called with every grant that is taken back, after it is gone.
// f must not call the Desk. It is for use before the Desk is.
func (d *Desk) OnRevoke(f func(Grant)) { d.revoked = append(d.revoked, f) }

// Ask waits for a person to say yes to q. There is no other answer: whoever is
// not answered waits until ctx ends. A remembered yes answers at once.
func (d *Desk) Ask(ctx context.Context, q Question) (Answer, error) {
	if q.Kind == Advertise || q.Device.ID != "" {
		if g, ok := d.use(q); ok {
			return Answer{Device: deviceOf(g)}, nil
		}
	}
	w := d.enter(q)
	if w == nil {
		<-ctx.Done()
		return Answer{}, context.Cause(ctx)
	}
	select {
	case a := <-w.answer:
		return a, nil
	case <-ctx.Done():
		d.leave(w)
		return Answer{}, context.Cause(ctx)
	}
}

func deviceOf(g Grant) Device {
	if g.Device == nil {
		return Device{}
	}
	return *g.Device
}

// enter puts a question on the desk; nil when the person is not to be asked.
func (d *Desk) enter(q Question) *waiting {
	d.mu.Lock()
	defer d.mu.Unlock()
	if p := d.patience[string(q.Kind)+"\x00"+q.App]; p != nil && d.o.Now().Before(p.until) {
		return nil
	}
	w := &waiting{answer: make(chan Answer, 1), ask: Ask{
		ID: rand.Text(), Kind: q.Kind, App: q.App, Nickname: clean(q.Nickname, d.o.MaxNickname), Since: d.o.Now(),
	}}
	if q.Device.ID != "" {
		w.ask.Device = &Device{ID: q.Device.ID, Name: clean(q.Device.Name, d.o.MaxNickname)}
	}
	d.asks = append(d.asks, w)
	return w
}

func (d *Desk) leave(w *waiting) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asks = slices.DeleteFunc(d.asks, func(x *waiting) bool { return x == w })
}

// Asks are the questions to show, the oldest first.
func (d *Desk) Asks() []Ask {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := []Ask{}
	of := map[string]int{}
	for _, w := range d.asks {
		if len(out) == d.o.MaxAsks {
			break
		}
		if of[w.ask.App]++; of[w.ask.App] <= d.o.MaxAppAsks {
			out = append(out, w.ask)
		}
	}
	return out
}

// Asking reports whether app waits for an answer.
func (d *Desk) Asking(app string) bool {
	return slices.ContainsFunc(d.Asks(), func(a Ask) bool { return a.App == app })
}

// Allow says yes to the question called id. For Reach, a names the device.
func (d *Desk) Allow(id string, a Answer) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	w, err := d.take(id, func(w *waiting) error {
		switch {
		case w.ask.Kind == Reach && a.Device.ID == "":
			return fault.New(fault.Invalid, "choose a device that %q may reach", w.ask.App)
		case a.Remember && len(d.grants) >= d.o.MaxGrants:
			return fault.New(fault.TooLarge, "%d permissions are remembered already", len(d.grants)).
				WithHint("take some back")
		}
		return nil
	})
	if err != nil {
		return err
	}
	delete(d.patience, string(w.ask.Kind)+"\x00"+w.ask.App)
	if w.ask.Kind == Incoming {
		a.Device = *w.ask.Device
	}
	if a.Remember {
		err = d.remember(w.ask, a.Device)
	}
	w.answer <- a
	return err
}

// Dismiss takes the question called id off the desk. Whoever asked waits on.
func (d *Desk) Dismiss(id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	w, err := d.take(id, func(*waiting) error { return nil })
	if err != nil {
		return err
	}
	key := string(w.ask.Kind) + "\x00" + w.ask.App
	p := d.patience[key]
	if p == nil {
		d.forgetQuiet()
		p = &patience{}
		d.patience[key] = p
	}
	if p.dismissed++; p.dismissed >= d.o.MaxDismissals {
		p.dismissed, p.until = 0, d.o.Now().Add(d.o.Quiet)
	}
	return nil
}

// forgetQuiet keeps the record of dismissals bounded: apps are many, and a
// person dismisses few.
func (d *Desk) forgetQuiet() {
	if len(d.patience) >= d.o.MaxGrants {
		clear(d.patience)
	}
}

// take removes a question from the desk if check lets it.
func (d *Desk) take(id string, check func(*waiting) error) (*waiting, error) {
	i := slices.IndexFunc(d.asks, func(w *waiting) bool { return w.ask.ID == id })
	if i < 0 {
		return nil, fault.New(fault.NotFound, "that question is not asked any more").
			WithHint("the page may have been closed")
	}
	w := d.asks[i]
	if err := check(w); err != nil {
		return nil, err
	}
	d.asks = slices.Delete(d.asks, i, i+1)
	return w, nil
}
