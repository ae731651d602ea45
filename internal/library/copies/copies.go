package copies

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/library/body"
	"github.com/kith-web/kith/internal/library/vault"
	"github.com/kith-web/kith/internal/seal"
)

// Options are the choices of Open. Zero values are replaced by the default each
// comment names.
type Options struct {
	Dir  string // a folder of the copies' own; made when missing
	Key  []byte // the master key, 32 octets
	Now  func() time.Time
	Rand io.Reader
	// Most is how many octets are kept: 4 GiB. The copies that were used longest
	// ago go first.
	Most int64
	// MostLease is the longest lease that is believed: 90 days.
	MostLease time.Duration
	// MostCopies is how many copies are kept: 100,000.
	MostCopies int
	// Quick does not wait for the disk: for simulations.
	Quick bool
}

// Copy is what a friend sent.
type Copy struct {
	Friend  seal.RelationID   `cbor:"1,keyasint"`
	Path    string            `cbor:"2,keyasint"` // as it was asked for, without the first slash
	Header  map[string]string `cbor:"3,keyasint"`
	Size    int64             `cbor:"4,keyasint"`
	Key     []byte            `cbor:"5,keyasint"`
	Fetched int64             `cbor:"6,keyasint"` // ms since 1970: when it was last known to be right
	Fresh   int64             `cbor:"7,keyasint"` // until when it need not be asked about
	Lease   int64             `cbor:"8,keyasint"` // until when it may be kept
	Part    bool              `cbor:"9,keyasint,omitempty"`
	used    int64
	slot    int64
}

// ETag is the tag the owner gave it.
func (c Copy) ETag() string { return c.Header["etag"] }

// Type is its media type.
func (c Copy) Type() string { return c.Header["content-type"] }

// Body is an open body of a copy.
type Body interface {
	io.ReadSeeker
	io.Closer
}

type key struct {
	friend seal.RelationID
	path   string
}

// Copies is an open store of copies. It is safe for concurrent use.
type Copies struct {
	o      Options
	bodies string

	mu    sync.Mutex
	vault *vault.Vault
	all   map[key]*Copy
	size  int64
}

const rowCopy = 1

// Open opens the copies in o.Dir. Those whose lease ended meanwhile are erased
// before it returns.
func Open(o Options) (*Copies, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Most <= 0 {
		o.Most = 4 << 30
	}
	if o.MostLease <= 0 {
		o.MostLease = 90 * 24 * time.Hour
	}
	if o.MostCopies <= 0 {
		o.MostCopies = 100_000
	}
	c := &Copies{o: o, bodies: filepath.Join(o.Dir, "bodies"), all: map[key]*Copy{}}
	if err := os.MkdirAll(c.bodies, 0o700); err != nil {
		return nil, fmt.Errorf("open the copies: %w", err)
	}
	var err error
	c.vault, err = vault.Open(vault.Options{Dir: o.Dir, Name: "copies", Key: o.Key, Rand: o.Rand, Quick: o.Quick})
	if err != nil {
		return nil, fmt.Errorf("open the copies: %w", err)
	}
	if err := c.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("open the copies: %w", err), c.vault.Close())
	}
	return c, nil
}

// Close closes the store.
func (c *Copies) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.vault.Close()
}

func (c *Copies) load() error {
	keep := map[string]bool{}
	err := c.vault.Scan(func(r vault.Row) error {
		x := &Copy{}
		if err := seal.Unmarshal(r.Meta, x); err != nil {
			return fault.New(fault.Corrupt, "a copy cannot be read: %w", err)
		}
		x.slot, x.used = r.Slot, r.Used
		c.all[key{x.Friend, x.Path}] = x
		c.size += x.Size
		name := body.FileName(x.Key)
		keep[name], keep[name+".part"] = true, x.Part
		return nil
	}, func(vault.Broken) {})
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(c.bodies, "*", "*"))
	if err != nil {
		return err
	}
	for _, f := range files {
		name, err := filepath.Rel(c.bodies, f)
		if err == nil && !keep[name] {
			err = os.Remove(f)
		}
		if err != nil {
			return err
		}
	}
	_, err = c.expire()
	return err
}

func (c *Copies) now() int64 { return c.o.Now().UnixMilli() }

func (c *Copies) file(x *Copy) string { return filepath.Join(c.bodies, body.FileName(x.Key)) }

// Lookup opens a copy; false when there is none, or its lease is over.
func (c *Copies) Lookup(friend seal.RelationID, path string) (Copy, Body, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.all[key{friend, path}]
	if x == nil || x.Part || x.Lease <= c.now() {
		return Copy{}, nil, false
	}
	b, err := body.Open(c.file(x), x.Key, x.Size)
	if err != nil {
		return Copy{}, nil, false
	}
	c.use(x)
	return *x, b, true
}

// use notes the hour in which a copy was used.
func (c *Copies) use(x *Copy) {
	const hour = 60 * 60 * 1000
	if now := c.now(); now-x.used >= hour {
		x.used = now
		b := c.vault.Begin()
		b.Used(x.slot, now)
		_ = b.Commit() // what is lost is an hour in the order of what goes first
	}
}

// IsFresh says whether a copy need not be asked about at that time.
func (x Copy) IsFresh(at time.Time) bool { return at.UnixMilli() < x.Fresh }

// List tells what is kept of one friend.
func (c *Copies) List(friend seal.RelationID) []Copy {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []Copy
	for k, x := range c.all {
		if k.friend == friend && !x.Part {
			found = append(found, *x)
		}
	}
	slices.SortFunc(found, func(a, b Copy) int { return strings.Compare(a.Path, b.Path) })
	return found
}

// set makes a copy, or a new version of it, durable. Callers hold c.mu.
func (c *Copies) set(x *Copy) error {
	meta, err := seal.Marshal(x)
	if err != nil {
		return err
	}
	k := key{x.Friend, x.Path}
	old := c.all[k]
	b := c.vault.Begin()
	x.used = c.now()
	x.slot = b.Add(vault.Row{Kind: rowCopy, Meta: meta, Used: x.used}, nil)
	if old != nil {
		b.Drop(old.slot)
	}
	if err := b.Commit(); err != nil {
		return err
	}
	if old != nil {
		c.size -= old.Size
	}
	c.all[k] = x
	c.size += x.Size
	if old != nil && string(old.Key) != string(x.Key) {
		return body.Remove(c.file(old))
	}
	return nil
}

// Erase erases copies of a friend: those of these paths, folders with all that is
// below them included. It reports whether there were any.
func (c *Copies) Erase(friend seal.RelationID, paths ...string) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.erase(func(x *Copy) bool {
		return x.Friend == friend && slices.ContainsFunc(paths, func(p string) bool { return covers(p, x.Path) })
	})
}

// covers says whether erasing one path erases another: the document with its
// listings by query, and everything below a folder.
func covers(path, other string) bool {
	other, _, _ = strings.Cut(other, "?")
	return other == path || strings.HasSuffix(path, "/") && strings.HasPrefix(other, path)
}

// EraseFriend erases all that is kept of a friend: they are none any more, or ask.
func (c *Copies) EraseFriend(friend seal.RelationID) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.erase(func(x *Copy) bool { return x.Friend == friend })
}

// erase shreds copies: their keys first, then their files.
func (c *Copies) erase(which func(*Copy) bool) (bool, error) {
	var doomed []*Copy
	b := c.vault.Begin()
	for _, x := range c.all {
		if which(x) {
			doomed = append(doomed, x)
			b.Drop(x.slot)
		}
	}
	if len(doomed) == 0 {
		return false, nil
	}
	if err := b.Commit(); err != nil {
		return false, err
	}
	complete := false
	for _, x := range doomed {
		delete(c.all, key{x.Friend, x.Path})
		c.size -= x.Size
		complete = complete || !x.Part
		if err := body.Remove(c.file(x)); err != nil {
			return complete, err
		}
	}
	return complete, c.vault.Wipe()
}

// Tick erases copies whose lease is over, and what is too much. It says how many
// went. Once a minute is enough.
func (c *Copies) Tick() (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.expire()
}

func (c *Copies) expire() (int, error) {
	now, before := c.now(), len(c.all)
	if _, err := c.erase(func(x *Copy) bool { return x.Lease <= now }); err != nil {
		return 0, err
	}
	if c.size > c.o.Most || len(c.all) > c.o.MostCopies {
		byUse := make([]*Copy, 0, len(c.all))
		for _, x := range c.all {
			byUse = append(byUse, x)
		}
		slices.SortFunc(byUse, func(a, b *Copy) int { return int(a.used/1000 - b.used/1000) })
		size, n, out := c.size, len(c.all), map[*Copy]bool{}
		for _, x := range byUse {
			if size <= c.o.Most && n <= c.o.MostCopies {
				break
			}
			out[x] = true
			size, n = size-x.Size, n-1
		}
		if _, err := c.erase(func(x *Copy) bool { return out[x] }); err != nil {
			return 0, err
		}
	}
	return before - len(c.all), nil
}

// Stale makes all copies of a friend be asked about again before they are used:
// something changed.
func (c *Copies) Stale(friend seal.RelationID) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, x := range c.all {
		if k.friend == friend && x.Fresh != 0 {
			x.Fresh = 0 // after a restart it is fresh again for at most its max-age
		}
	}
	return nil
}

type purge struct {
	ID    [16]byte `cbor:"1,keyasint"`
	Paths []string `cbor:"2,keyasint,omitempty"`
	All   bool     `cbor:"3,keyasint,omitempty"`
	// Friend is whose purge it is, where an own device passes it on.
	Friend []byte `cbor:"4,keyasint,omitempty"`
}

type purged struct {
	ID      [16]byte `cbor:"1,keyasint"`
	Nothing bool     `cbor:"2,keyasint,omitempty"`
}

// mostPaths is how many paths one purge may name.
const mostPaths = 4096

// Handle takes changed and purge of a friend. A purge is answered when what it
// names is erased.
func (c *Copies) Handle(from seal.RelationID, m seal.Message) ([]seal.Outgoing, error) {
	switch m.Kind {
	case seal.Changed:
		return nil, c.Stale(from)
	case seal.Purge:
	default:
		return nil, fault.New(fault.Unsupported, "messages of kind %d are not for the copies", m.Kind)
	}
	p, err := readPurge(m)
	if err != nil {
		return nil, err
	}
	any, err := c.purge(from, p)
	if err != nil {
		return nil, err
	}
	return []seal.Outgoing{{To: from, Kind: seal.Purged, Body: purged{ID: p.ID, Nothing: !any}}}, nil
}

// readPurge reads a purge.
func readPurge(m seal.Message) (p purge, err error) {
	if err := seal.Unmarshal(m.Body, &p); err != nil || len(p.Paths) > mostPaths {
		return p, fault.New(fault.Invalid, "a purge cannot be read: %w", err)
	}
	return p, nil
}

func (c *Copies) purge(friend seal.RelationID, p purge) (any bool, err error) {
	if p.All {
		return c.EraseFriend(friend)
	}
	return c.Erase(friend, p.Paths...)
}

// PassOn tells own devices of a friend's purge, of which one device alone hears.
func PassOn(friend seal.RelationID, m seal.Message, devices []seal.RelationID) ([]seal.Outgoing, error) {
	p, err := readPurge(m)
	if err != nil {
		return nil, err
	}
	p.Friend = friend[:]
	out := make([]seal.Outgoing, len(devices))
	for i, d := range devices {
		out[i] = seal.Outgoing{To: d, Kind: seal.Purge, Body: p}
	}
	return out, nil
}

// news is that friends have something new, as one own device tells the others.
type news struct {
	Friends [][]byte `cbor:"4,keyasint"`
}

// mostNews is how many friends one message names.
const mostNews = 256

// TellOthers tells own devices that friends have something new, of which one device
// alone hears.
func TellOthers(friends []seal.RelationID, devices []seal.RelationID) []seal.Outgoing {
	var out []seal.Outgoing
	for part := range slices.Chunk(friends, mostNews) {
		var n news
		for _, f := range part {
			n.Friends = append(n.Friends, f[:])
		}
		for _, d := range devices {
			out = append(out, seal.Outgoing{To: d, Kind: seal.Changed, Body: n})
		}
	}
	return out
}

// PassedOn takes what an own device said by PassOn or TellOthers, and returns whom
// it is about.
func (c *Copies) PassedOn(m seal.Message) ([]seal.RelationID, error) {
	if m.Kind == seal.Changed {
		return c.passedNews(m)
	}
	p, err := readPurge(m)
	if err != nil {
		return nil, err
	}
	friend, err := friendOf(p.Friend)
	if err != nil {
		return nil, err
	}
	_, err = c.purge(friend, p)
	return []seal.RelationID{friend}, err
}

func (c *Copies) passedNews(m seal.Message) ([]seal.RelationID, error) {
	var n news
	if err := seal.Unmarshal(m.Body, &n); err != nil || len(n.Friends) > mostNews {
		return nil, fault.New(fault.Invalid, "what friends have that is new cannot be read: %w", err)
	}
	var friends []seal.RelationID
	for _, f := range n.Friends {
		friend, err := friendOf(f)
		if err == nil {
			err = c.Stale(friend)
		}
		if err != nil {
			return friends, err
		}
		friends = append(friends, friend)
	}
	return friends, nil
}

func friendOf(b []byte) (friend seal.RelationID, err error) {
	if copy(friend[:], b) != len(friend) || len(b) != len(friend) {
		err = fault.New(fault.Invalid, "what was passed on names no friend")
	}
	return friend, err
}
