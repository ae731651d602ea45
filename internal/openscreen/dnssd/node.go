package dnssd

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// Times of RFC 6762.
const (
	probeGap    = 250 * time.Millisecond // 8.1
	announceGap = time.Second            // 8.3
	quietTime   = time.Second            // 6: a record on an interface
	goodbyeTime = time.Second            // 10.1
	deferTime   = time.Second            // 8.2: who lost a tie waits
	recordTTL   = 120                    // seconds: a device that is gone is soon forgotten
	mostTTL     = 4500
	queryMost   = time.Hour // 5.2
	lookAgain   = 5 * time.Second
	conflictMax = 15 // 8.1: after so many, slow down
	slowDown    = 5 * time.Second
)

// Options say what to announce and look for.
type Options struct {
	// Service is the type, for example "_openscreen._udp".
	Service string
	// Port is that of mDNS; 0 means 5353.
	Port uint16
	// Interfaces by name; none means all that can multicast.
	Interfaces []string
	// Only, when it is set, is the one address to announce.
	Only netip.Addr
	// Instances is how many services of others are kept; default 256. One sender
	// can have PerSender of them; default 16.
	Instances, PerSender int
	// Packets is how many are looked at in a second; default 200. One sender can
	// have a quarter of them.
	Packets int
	// Found is told of a service with all that belongs to it, when it is new or
	// has changed, Lost of one that has gone. They are called one at a time and
	// must be quick.
	Found func(Entry)
	Lost  func(instance string)
	// Rename makes another name when one is taken; n counts from 2. Renamed is
	// told that it is used from now on.
	Rename  func(instance string, n int) string
	Renamed func(instance string)
	Log     *slog.Logger
}

// Pair is a key of a TXT record with its value.
type Pair struct{ Key, Value string }

// Service is what is announced.
type Service struct {
	// Instance is the name to begin with: at most 63 octets.
	Instance string
	Port     uint16
	TXT      []Pair
}

// Entry is a service of somebody.
type Entry struct {
	Instance string
	Host     string
	Port     uint16
	TXT      map[string]string
	// Addrs are those of the host, IPv4 before IPv6, link-local last and with
	// their zone.
	Addrs []netip.Addr
}

// Node announces and finds. Its methods may be called at any time.
type Node struct {
	o        Options
	service  string // the full name of the type
	commands chan func()
	packets  chan packet
	ctx      context.Context // ends with the node
	stop     context.CancelFunc
	work     sync.WaitGroup

	// What follows belongs to run.
	now     time.Time
	links   []*link
	told    map[string]bool // interfaces that cannot be used
	tasks   []task
	mine    *claim
	browse  bool
	asking  int // generation of the schedule of queries
	cache   cache
	budget  budget
	nearest *time.Timer
}

// task is something to do at a time.
type task struct {
	at time.Time
	do func()
}

// New starts a node that neither announces nor looks yet.
func New(o Options) (*Node, error) {
	o.Port = cmp.Or(o.Port, 5353)
	o.Instances = cmp.Or(o.Instances, 256)
	o.PerSender = cmp.Or(o.PerSender, 16)
	o.Packets = cmp.Or(o.Packets, 200)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	n := &Node{o: o, service: o.Service + ".local.", commands: make(chan func()), packets: make(chan packet, 64), told: map[string]bool{}}
	if _, ok := dns.IsDomainName(n.service); !ok {
		return nil, fmt.Errorf("%q is no type of a service", o.Service)
	}
	n.cache = newCache(o.Instances, o.PerSender)
	n.budget = newBudget(o.Packets)
	n.ctx, n.stop = context.WithCancel(context.Background())
	n.nearest = time.NewTimer(time.Hour)
	n.now = time.Now()
	if err := n.relink(); err != nil {
		n.stop()
		return nil, err
	}
	n.work.Go(n.run)
	return n, nil
}

// Close takes the service back and ends the node.
func (n *Node) Close() {
	n.do(func() { n.unregister() })
	n.stop()
	n.work.Wait()
}

// Register announces a service in place of what was announced before. Its name is
// probed for first: see [Options].Renamed.
func (n *Node) Register(s Service) error {
	if s.Instance == "" || len(s.Instance) > labelSize {
		return fmt.Errorf("the instance name %q has not 1 to %d octets", s.Instance, labelSize)
	}
	n.do(func() { n.register(s) })
	return nil
}

// Unregister takes the service back.
func (n *Node) Unregister() { n.do(func() { n.unregister() }) }

// Browse starts or stops looking. Stopping forgets what was found.
func (n *Node) Browse(on bool) { n.do(func() { n.setBrowse(on) }) }

// do runs f in the loop and waits for it. After Close it does nothing.
func (n *Node) do(f func()) {
	done := make(chan struct{})
	select {
	case n.commands <- func() { f(); close(done) }:
		<-done
	case <-n.ctx.Done():
	}
}

// run is the loop that everything happens in.
func (n *Node) run() {
	defer n.unlink()
	look := time.NewTicker(lookAgain)
	defer look.Stop()
	for {
		n.wind()
		select {
		case f := <-n.commands:
			n.now = time.Now()
			f()
		case p := <-n.packets:
			n.now = time.Now()
			n.receive(p)
		case <-n.nearest.C:
			n.now = time.Now()
			n.tick()
		case <-look.C:
			n.now = time.Now()
			if err := n.relink(); err != nil {
				n.o.Log.Debug("no interface can be used for discovery", "error", err)
			}
		case <-n.ctx.Done():
			return
		}
	}
}

// after has f done in the loop.
func (n *Node) after(d time.Duration, f func()) {
	n.tasks = append(n.tasks, task{n.now.Add(d), f})
}

// wind sets the timer to the next thing to do.
func (n *Node) wind() {
	next := n.now.Add(time.Hour)
	for _, t := range n.tasks {
		if t.at.Before(next) {
			next = t.at
		}
	}
	if at := n.cache.next(); !at.IsZero() && at.Before(next) {
		next = at
	}
	n.nearest.Reset(time.Until(next))
}

// tick does what is due.
func (n *Node) tick() {
	var due []task
	n.tasks = slices.DeleteFunc(n.tasks, func(t task) bool {
		if t.at.After(n.now) {
			return false
		}
		due = append(due, t)
		return true
	})
	for _, t := range due {
		t.do()
	}
	n.expire()
}

// within draws a time between two.
func within(least, most time.Duration) time.Duration { return least + rand.N(most-least) }
