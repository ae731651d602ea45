package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/api"
	"github.com/kith-web/kith/internal/doctor"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/store"
)

// endTime is how long everything may take to close. A node that is told to end
// has ended 5 s later.
const endTime = 4500 * time.Millisecond

// Options of a Node.
type Options struct {
	// Home is the node's folder; it is made when it does not exist.
	Home string
	// Config comes from Load.
	Config Config
	// Host is what the node serves to the public; nil for a node of one's own.
	Host *Hosting
	// Version of the program.
	Version string
	// Log gets what the node has to say; nil discards it.
	Log *slog.Logger
}

// Node is a running node: everything is started, and Run serves.
type Node struct {
	o         Options
	console   string
	listeners []net.Listener
	handler   http.Handler
	engines   []engine.Engine
	runs      []func(ctx context.Context) error // what works until the node ends
	public    PublicAddresses

	closers []closer // in the order in which they were started

	told     chan struct{} // closed when the node is told to end
	tellOnce sync.Once
}

// closer is one started part.
type closer struct {
	name  string
	close func() error
}

// New takes the home and starts everything. It fails with fault.InUse when
// another node has the home, or another program the port.
func New(ctx context.Context, o Options) (*Node, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Host != nil { // it has no business with who is in the same network
		o.Config.Nearby.Enabled = false
		if err := o.Config.checkHost(); err != nil {
			return nil, err // flags stand above what Load checked
		}
	}
	n := &Node{o: o, told: make(chan struct{})}
	if err := n.start(ctx); err != nil {
		return nil, errors.Join(err, n.close())
	}
	return n, nil
}

// End has Run return. It may be called at any time, and more than once.
func (n *Node) End() { n.tellOnce.Do(func() { close(n.told) }) }

// Console is the URL of the console.
func (n *Node) Console() string { return n.console }

// onClose remembers how to close a part that was just started.
func (n *Node) onClose(name string, f func() error) {
	n.closers = append(n.closers, closer{name, f})
}

func (n *Node) start(ctx context.Context) error {
	lock, err := lockHome(n.o.Home, n.whoRuns)
	if err != nil {
		return err
	}
	n.onClose("lock", lock.Close)
	if err := checkHomeVersion(n.o.Home); err != nil {
		return err
	}
	listeners, port, err := listen(ctx, n.o.Config.Gateway.Listen, n.o.Log)
	if err != nil {
		return err
	}
	n.listeners = listeners
	n.onClose("port", n.closeListeners)
	n.console = "http://localhost:" + strconv.Itoa(port) + "/"
	db, err := store.Open(n.o.Home)
	if err != nil {
		return err
	}
	n.onClose("store", db.Close)
	if err := n.compose(&parts{node: n, store: db, port: port, clock: doctor.NewClock()}); err != nil {
		return err
	}
	beacon := api.Beacon{PID: os.Getpid(), Listen: dialable(listeners[0].Addr()), Console: n.console}
	if err := api.WriteBeacon(n.o.Home, beacon); err != nil {
		return err
	}
	n.onClose("beacon", func() error { return api.RemoveBeacon(n.o.Home) })
	return nil
}

// whoRuns tells what the home's beacon says of the node that has it.
func (n *Node) whoRuns() string {
	b, err := api.ReadBeacon(n.o.Home)
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" (process %d, %s)", b.PID, b.Console)
}

// dialable is where clients on this computer reach a listener.
func dialable(a net.Addr) string {
	tcp := a.(*net.TCPAddr)
	host := tcp.IP.String()
	if tcp.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, strconv.Itoa(tcp.Port))
}

func (n *Node) closeListeners() error {
	var errs []error
	for _, l := range n.listeners {
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// close closes what was started, last first. The engines, side by side, are
// one part.
func (n *Node) close() error {
	var errs []error
	for _, c := range slices.Backward(n.closers) {
		start := time.Now()
		if err := c.close(); err != nil {
			errs = append(errs, fmt.Errorf("close the %s: %w", c.name, err))
		}
		n.o.Log.Debug("closed", "part", c.name, "took", time.Since(start))
	}
	n.closers = nil
	return errors.Join(errs...)
}
