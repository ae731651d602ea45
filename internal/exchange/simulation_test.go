package exchange_test

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/exchange"
	"github.com/kith-web/kith/internal/seal"
)

// TestSimulation lets three people with five devices live through bad weeks:
// devices that are off, are killed at a write, have wrong clocks; relays that are
// down; a network that loses, repeats and reorders. In the end nothing is lost, and
// nothing came to a device twice that was not killed over it.
func TestSimulation(t *testing.T) {
	for seed := range uint64(*seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			newLives(t, seed).live()
		})
	}
}

var seeds = flag.Int("seeds", 4, "how many simulations are run")

// lives are people and what they did.
type lives struct {
	*world
	t       *testing.T
	people  []*person
	sent    map[seal.MessageID]*person // to whom
	asked   map[seal.MessageID]*device // by whom
	killed  map[*device]bool
	friends []seal.RelationID
}

func newLives(t *testing.T, seed uint64) *lives {
	l := &lives{
		world: newWorld(t, 1000+seed, network{lose: 0.1, unsure: 0.1, duplicate: 0.02, delay: 3 * time.Second}), t: t,
		sent: map[seal.MessageID]*person{}, asked: map[seal.MessageID]*device{}, killed: map[*device]bool{},
	}
	for _, name := range []string{"alice", "bob", "carol"} {
		l.people = append(l.people, l.person(name))
	}
	for i, p := range l.people {
		l.friends = append(l.friends, l.befriend(p, l.people[(i+1)%3], 2))
		first := l.device(p, p.name+"1")
		if i != 1 {
			l.link(first, l.device(p, p.name+"2"))
		}
	}
	for _, d := range l.devices {
		d.skew = time.Duration(l.rand.Int64N(int64(2*day))) - day
		d.tune = func(o *exchange.Options) { o.EpochAge = 12 * time.Hour } // many weeks in a few days
		d.start()
	}
	return l
}

func (l *lives) live() {
	for range 90 {
		l.something()
		l.run(time.Duration(l.rand.Int64N(int64(2 * time.Hour))))
	}
	for _, r := range l.relays {
		r.down = false
	}
	l.net = network{delay: time.Second}
	for _, d := range l.devices {
		d.off = false
		d.restart()
	}
	l.run(2 * day)
	l.check()
}

// something is one thing that happens to somebody.
func (l *lives) something() {
	d := l.devices[l.rand.IntN(len(l.devices))]
	switch l.rand.IntN(12) {
	case 0:
		if d.off = !d.off; !d.off {
			d.restart()
		}
	case 1:
		d.local.cut, d.local.after = d.local.writes+1+l.rand.IntN(20), l.chance(0.5)
		l.killed[d] = true
	case 2:
		r := l.relay(fmt.Sprintf("ws://relay%d", l.rand.IntN(2)))
		r.down = !r.down
		l.later(3*time.Hour, func() { r.down = false; l.offer() })
	case 3, 4, 5:
		if to, _ := l.friend(d); !d.off {
			l.asked[d.ask(to, "/x")] = d
		}
	default:
		if to, who := l.friend(d); !d.off {
			id := messageID(len(l.sent))
			l.sent[id] = who
			d.send(seal.Outgoing{To: to, Kind: seal.Changed, ID: id})
		}
	}
}

// friend returns a relation of a device's person and who is at its other end.
func (l *lives) friend(d *device) (seal.RelationID, *person) {
	for {
		i := l.rand.IntN(3)
		switch d.person {
		case l.people[i]:
			return l.friends[i], l.people[(i+1)%3]
		case l.people[(i+1)%3]:
			return l.friends[i], l.people[i]
		}
	}
}

func (l *lives) check() {
	for id, who := range l.sent {
		total := 0
		for _, d := range who.devices {
			total += d.handled[id]
			if d.handled[id] > 1 && !l.killed[d] {
				l.t.Errorf("%s handled a message %d times", d.name, d.handled[id])
			}
		}
		if total == 0 {
			l.t.Errorf("a message to %s is lost", who.name)
		}
	}
	for id, d := range l.asked {
		if a, err := d.core.Asked(id); err != nil || a.Response == nil {
			l.t.Errorf("%s has no answer to %x: %v", d.name, id, err)
		}
	}
}
