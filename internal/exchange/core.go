package exchange

import (
	"encoding/hex"
	"slices"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// Core is the protocol of one device. It is not safe for use by several
// goroutines. All that it returns happened durably before it returns it.
type Core struct {
	o Options
	b batch
	// flush is when what is not urgent is written; zero: nothing waits.
	flush time.Time

	jobs    map[Job]*job
	byTo    map[seal.RelationID]map[Job]*job
	behind  map[Job][]Job // which jobs wait for one
	last    Job           // the number given last
	upTo    Job           // the numbers that are reserved
	octets  int64
	sends   map[seal.RelationID]map[boxID]*sending
	receive map[seal.RelationID]map[seal.ContextID]*receiving
	states  map[seal.RelationID]*state
	asks    map[seal.MessageID]*ask

	serving map[Token]*serving
	token   Token
	lost    map[lostKey]*loss
	dead    map[string]time.Time // direct mailboxes that did not answer, until when
	own     []seal.Place
	until   time.Time
	version int // of own
	swept   time.Time
	soon    time.Time // when relations changed; zero: they did not
	friends map[seal.RelationID]*bucket
	heard   map[boxID]bool // inboxes that something came by
	boxes   map[string]boxID
}

// relating is what is known of a relation until the end of the process.
type relating struct {
	owe         time.Time // when an acknowledgement is due; zero: none is
	unknownSent time.Time
	unknownGot  time.Time
	unknowns    int // how many were sent; every other one to the notice key
	shares      tokens
	whereSent   int // the version of own places that was told
}

// New makes a Core of what Local holds.
func New(o Options) (*Core, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	c := &Core{
		o: o, b: newBatch(), jobs: map[Job]*job{}, byTo: map[seal.RelationID]map[Job]*job{}, behind: map[Job][]Job{}, sends: map[seal.RelationID]map[boxID]*sending{},
		receive: map[seal.RelationID]map[seal.ContextID]*receiving{}, states: map[seal.RelationID]*state{},
		asks: map[seal.MessageID]*ask{}, serving: map[Token]*serving{}, lost: map[lostKey]*loss{},
		dead: map[string]time.Time{}, friends: map[seal.RelationID]*bucket{}, swept: o.Now(),
		heard: map[boxID]bool{}, boxes: map[string]boxID{},
	}
	for prefix, load := range map[string]func(string, []byte) error{
		atJob: c.loadJob, atSend: c.loadSend, atReceive: c.loadReceive, atState: c.loadState, atAsk: c.loadAsk,
	} {
		if err := o.Local.Each(prefix, load); err != nil {
			return nil, err
		}
	}
	if _, err := c.get(atLast, &c.upTo); err != nil {
		return nil, err
	}
	c.last = max(c.last, c.upTo)
	return c, nil
}

func (c *Core) loadJob(key string, value []byte) error {
	j := &job{}
	if err := decode(key, value, j); err != nil {
		return err
	}
	c.index(j)
	c.last = max(c.last, j.Number)
	return nil
}

func (c *Core) loadSend(key string, value []byte) error {
	s := &sending{}
	if err := decode(key, value, s); err != nil {
		return err
	}
	s.next = s.Reserved // what may have been used before the end is not used again
	var r seal.RelationID
	var box boxID
	if err := split(key, atSend, r[:], box[:]); err != nil {
		return err
	}
	put(c.sends, r, box, s)
	return nil
}

func (c *Core) loadReceive(key string, value []byte) error {
	s := &receiving{}
	if err := decode(key, value, s); err != nil {
		return err
	}
	put(c.receive, s.Context.Relation, s.Context.ID, s)
	return nil
}

func (c *Core) loadState(key string, value []byte) error {
	s := &state{}
	if err := decode(key, value, s); err != nil {
		return err
	}
	var r seal.RelationID
	if err := split(key+"/", atState, r[:], nil); err != nil {
		return err
	}
	c.states[r] = s
	return nil
}

func (c *Core) loadAsk(key string, value []byte) error {
	a := &ask{}
	if err := decode(key, value, a); err != nil {
		return err
	}
	var id seal.MessageID
	if err := split(key+"/", atAsk, id[:], nil); err != nil {
		return err
	}
	c.asks[id] = a
	return nil
}

func decode(key string, value []byte, v any) error {
	if err := seal.Unmarshal(value, v); err != nil {
		return fault.New(fault.Corrupt, "record %q of the exchange: %w", key, err)
	}
	return nil
}

func put[A, B comparable, V any](m map[A]map[B]V, a A, b B, v V) {
	if m[a] == nil {
		m[a] = map[B]V{}
	}
	m[a][b] = v
}

// state returns what is known of a relation, to be changed and kept.
func (c *Core) state(r seal.RelationID) *state {
	s := c.states[r]
	if s == nil {
		s = &state{}
		c.states[r] = s
	}
	return s
}

func (c *Core) now() time.Time { return c.o.Now() }

// ownDevices returns the relations with own devices.
func (c *Core) ownDevices() []seal.Relation {
	return slices.DeleteFunc(c.o.People.Relations(), func(r seal.Relation) bool { return r.Kind != seal.OwnDevice })
}

// batch collects what one call changes, so that all of it becomes durable at
// once. What could not be written is tried again with the next call.
type batch struct {
	puts    map[string][]byte
	deletes map[string]bool
	// urgent says that what is returned depends on it. The rest, that something is
	// done, may be lost: it is done again, and dropped where it was done before.
	urgent bool
}

func newBatch() batch { return batch{puts: map[string][]byte{}, deletes: map[string]bool{}} }

func (b batch) empty() bool { return len(b.puts) == 0 && len(b.deletes) == 0 }

func (c *Core) keep(key string, v any) error {
	value, err := seal.Marshal(v)
	if err != nil {
		return fault.New(fault.Internal, "record %q of the exchange: %w", key, err)
	}
	delete(c.b.deletes, key)
	c.b.puts[key] = value
	c.b.urgent = true
	return nil
}

// lazily runs f, whose own changes may be lost.
func (c *Core) lazily(f func() error) error {
	before := c.b.urgent
	defer func() { c.b.urgent = before }()
	return f()
}

func (c *Core) drop(key string) {
	delete(c.b.puts, key)
	c.b.deletes[key] = true
}

// commit makes the batch durable.
func (c *Core) commit() error {
	if c.b.empty() {
		return nil
	}
	deletes := make([]string, 0, len(c.b.deletes))
	for k := range c.b.deletes {
		deletes = append(deletes, k)
	}
	slices.Sort(deletes)
	if err := c.o.Local.Apply(c.b.puts, deletes); err != nil {
		return err
	}
	c.b, c.flush = newBatch(), time.Time{}
	return nil
}

// end commits and returns the effects, or none of them.
func (c *Core) end(effects []Effect, err error) ([]Effect, error) {
	if err == nil {
		err = c.commit()
	}
	if err != nil {
		return nil, err
	}
	return effects, nil
}

// flushAfter is how long what is not urgent waits to be written with something else.
const flushAfter = time.Second

// endLater is end, but leaves what is not urgent to the next call or Tick.
func (c *Core) endLater(effects []Effect, err error) ([]Effect, error) {
	if err == nil && !c.b.urgent {
		if c.flush.IsZero() && !c.b.empty() {
			c.flush = c.now().Add(flushAfter)
		}
		return effects, nil
	}
	return c.end(effects, err)
}

// get reads a record that is not held in memory.
func (c *Core) get(key string, v any) (bool, error) {
	if c.b.deletes[key] {
		return false, nil
	}
	value, ok := c.b.puts[key]
	if !ok {
		var err error
		if value, err = c.o.Local.Get(key); fault.KindOf(err) == fault.NotFound {
			return false, nil
		} else if err != nil {
			return false, err
		}
	}
	return true, decode(key, value, v)
}

// short names an id in a log.
func short(id []byte) string { return hex.EncodeToString(id[:4]) }
