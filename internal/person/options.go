package person

import (
	"crypto/rand"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// Records is the state that all of the person's devices share. Records change
// under a Person when another device wrote: Refresh says so.
type Records interface {
	// Get returns a record; a fault.NotFound error when there is none.
	Get(key string) ([]byte, error)
	// Put writes and deletes, durably and all at once; what is deleted is shredded.
	// The messages tell the person's other devices.
	Put(puts map[string][]byte, deletes []string) ([]seal.Outgoing, error)
	Each(prefix string, f func(key string, value []byte) error) error
}

// Local is the state of this device alone, sealed by whoever gives it.
type Local interface {
	Get(key string) ([]byte, error)
	Put(key string, value []byte) error
	Delete(key string) error
	Each(prefix string, f func(key string, value []byte) error) error
}

const day = 24 * time.Hour

// Options says what a person has. Records and Local are needed; the rest has the
// default that its comment names.
type Options struct {
	Records Records
	Local   Local
	Now     func() time.Time // the clock
	Rand    io.Reader        // the system's
	Log     *slog.Logger     // nowhere

	// Name is what friends are shown until the person says otherwise; Device names
	// this device. Default "somebody" and "device".
	Name, Device string
	// Relays keep the queues that friends and own devices write to, until SetRelays.
	Relays []string
	// Base is what stands before the # of links.
	Base string // http://localhost:5484/join
	// Relay says whether a relay that a friend or a link names may be used. Default
	// any ws: or wss: URL.
	Relay func(url string) error

	MaxFriends     int           // 250
	MaxInvitations int           // 64
	Invitation     time.Duration // how long a link is good unless said otherwise: 7 days
	LongestInvite  time.Duration // and at most: 21 days
	Link           time.Duration // how long a link code of a device is good: 1 hour
	Repeat         time.Duration // how often what was not answered is said again: 1 hour
	Epoch          time.Duration // how long an epoch is used: 7 days
	Message        time.Duration // the usual lifetime of a message: 7 days
	Keep           time.Duration // how long an old epoch's key is kept at most: 28 days
	Queues         time.Duration // how long queues that were replaced are listened to: 21 days
	Earlier        time.Duration // how long this device listens for rosters in earlier households: 90 days
	Hand           time.Duration // when another device takes over changing keys: 1 day
}

// defaults fills in what was left out.
func (o Options) defaults() (Options, error) {
	if o.Records == nil || o.Local == nil {
		return o, fault.New(fault.Internal, "a person needs Records and Local")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Relay == nil {
		o.Relay = func(string) error { return nil }
	}
	for _, s := range []struct {
		at  *string
		def string
	}{{&o.Name, "somebody"}, {&o.Device, "device"}, {&o.Base, "http://localhost:5484/join"}} {
		if *s.at == "" {
			*s.at = s.def
		}
	}
	for _, n := range []struct {
		at  *int
		def int
	}{{&o.MaxFriends, 250}, {&o.MaxInvitations, 64}} {
		if *n.at <= 0 {
			*n.at = n.def
		}
	}
	for _, d := range []struct {
		at  *time.Duration
		def time.Duration
	}{
		{&o.Invitation, 7 * day},
		{&o.LongestInvite, 21 * day},
		{&o.Link, time.Hour},
		{&o.Repeat, time.Hour},
		{&o.Epoch, 7 * day},
		{&o.Message, 7 * day},
		{&o.Keep, 28 * day},
		{&o.Queues, 21 * day},
		{&o.Earlier, 90 * day},
		{&o.Hand, day},
	} {
		if *d.at <= 0 {
			*d.at = d.def
		}
	}
	return o, nil
}

// Person is one person on one device. Its methods may be called at once; each
// waits for the one before.
type Person struct {
	o Options

	mu     sync.Mutex
	device localDevice
	id     seal.DeviceID
	house  *localHouse       // nil before there is a person here
	raw    map[string][]byte // Records, as far as they were read; nil when they have to be read again
	view   *view             // the same, decoded; nil when that has to be done again
	own    []seal.Relation   // relations with own devices; nil when they have to be derived again
	swept  int64             // when Tick last said everything that is not answered
}

// New opens the person of this device. There is none until Create, Recover,
// Restore or a finished link; the device's own keys are made at once.
func New(o Options) (*Person, error) {
	o, err := o.defaults()
	if err != nil {
		return nil, err
	}
	p := &Person{o: o}
	d, err := loadDevice(o)
	if err != nil {
		return nil, err
	}
	if err := p.use(d); err != nil {
		return nil, err
	}
	var h localHouse
	switch err := p.getLocal("house", &h); {
	case err == nil:
		p.house = &h
	case fault.KindOf(err) != fault.NotFound:
		return nil, err
	}
	return p, p.finishIncarnate()
}

// finishIncarnate ends what Incarnate began: the roster says whether the former
// key or the new one is this device's.
func (p *Person) finishIncarnate() error {
	var former localDevice
	if err := p.getLocal("former", &former); fault.KindOf(err) == fault.NotFound || p.house == nil {
		return nil
	} else if err != nil {
		return err
	}
	r, err := p.roster()
	if err != nil {
		return err
	}
	if _, in := r.Find(p.me()); !in {
		if err := p.use(former); err != nil {
			return err
		}
		if err := p.putLocal("device", former); err != nil {
			return err
		}
	}
	return p.delLocal("former")
}

// DeviceID returns the id of the device whose state is in Local, and makes its
// keys when there are none: it is known before there is a person, and before the
// library that keeps Records is open. name is what it is called then.
func DeviceID(local Local, rand io.Reader, name string) (seal.DeviceID, error) {
	o, err := Options{Records: noRecords{}, Local: local, Rand: rand, Device: name}.defaults()
	if err != nil {
		return seal.DeviceID{}, err
	}
	d, err := loadDevice(o)
	if err != nil {
		return seal.DeviceID{}, err
	}
	return d.id()
}

type noRecords struct{ Records }

// Effects is what has to be done after a method returned: seal's, in their order,
// and what concerns other parts.
type Effects struct {
	seal.Effects
	// Gone are friends who are none any more: what is held of theirs is to be
	// erased, and nothing of them remembered.
	Gone []FriendID
	// Devices says that the person's devices changed: compare with them soon.
	Devices bool
}

// Add appends other's effects.
func (e *Effects) Add(other Effects) {
	e.Effects.Add(other.Effects)
	e.Gone = append(e.Gone, other.Gone...)
	e.Devices = e.Devices || other.Devices
}

// FriendID names a friend on this person's devices and nowhere else; it stays
// when the friend's relation is replaced.
type FriendID [16]byte

// Refresh says that Records changed from outside.
func (p *Person) Refresh() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.raw, p.view = nil, nil
}

func (p *Person) now() int64 { return p.o.Now().UnixMilli() }

// exists is the refusal of everything that needs a person where there is none.
func (p *Person) exists() error {
	if p.house == nil {
		return fault.New(fault.Conflict, "there is no person on this device yet").
			WithHint("make one with 'kith person create', or link this device with 'kith device link'")
	}
	return nil
}
