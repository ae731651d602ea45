package memory

import (
	"context"
	"io/fs"
	"slices"
	"strings"
	"sync"
)

// Network joins engines: those that share one are each other's peers.
type Network struct {
	mu      sync.Mutex
	engines []*Engine
	changed chan struct{} // closed, and replaced, whenever a wait may be over
	held    bool
	passes  int // transfers that may pass while held
	tamper  func([]byte) []byte

	waiting int           // transfers that wait for a peer or for a pass
	counted chan struct{} // closed, and replaced, when waiting changes
}

// NewNetwork returns a network without peers where everything passes at once.
func NewNetwork() *Network {
	return &Network{changed: make(chan struct{}), counted: make(chan struct{})}
}

// Hold stops every transfer from now on: peers are silent.
func (n *Network) Hold() { n.update(func() { n.held, n.passes = true, 0 }) }

// Pass lets the next count transfers through while the network is held. A
// transfer is one manifest, one piece or one name record.
func (n *Network) Pass(count int) { n.update(func() { n.passes += count }) }

// Release ends Hold.
func (n *Network) Release() { n.update(func() { n.held, n.passes = false, 0 }) }

// AwaitWaiting returns once at least count transfers wait for a peer or for a
// pass, or ctx ends.
func (n *Network) AwaitWaiting(ctx context.Context, count int) error {
	for {
		n.mu.Lock()
		enough, counted := n.waiting >= count, n.counted
		n.mu.Unlock()
		if enough {
			return nil
		}
		select {
		case <-counted:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// update changes the network's state and wakes everybody who waits on it.
func (n *Network) update(change func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	change()
	close(n.changed)
	n.changed = make(chan struct{})
}

// poke wakes everybody who waits: somebody has something new.
func (n *Network) poke() { n.update(func() {}) }

// count changes the number of those who wait.
func (n *Network) count(by int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.waiting += by
	close(n.counted)
	n.counted = make(chan struct{})
}

func (n *Network) join(e *Engine) {
	n.update(func() {
		n.engines = append(n.engines, e)
		slices.SortFunc(n.engines, func(a, b *Engine) int { return strings.Compare(a.id, b.id) })
	})
}

func (n *Network) leave(e *Engine) {
	n.update(func() {
		n.engines = slices.DeleteFunc(n.engines, func(x *Engine) bool { return x == e })
	})
}

// peers returns everybody but self, and the channel that tells when to look
// again.
func (n *Network) peers(self *Engine) ([]*Engine, <-chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := make([]*Engine, 0, len(n.engines))
	for _, e := range n.engines {
		if e != self {
			out = append(out, e)
		}
	}
	return out, n.changed
}

// pass takes a permit for one transfer, if the network gives one now.
func (n *Network) pass() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.held && n.passes == 0 {
		return false
	}
	if n.held {
		n.passes--
	}
	return true
}

// question is what fetch asks of each peer; ok is false when the peer cannot
// answer.
type question func(peer *Engine) (answer []byte, ok bool)

// fetch asks self's peers until one answers with something that check accepts.
// It fails with the cause of ctx, or with fs.ErrClosed once gone is closed.
func (n *Network) fetch(
	ctx context.Context, gone <-chan struct{}, self *Engine, ask question, check func([]byte) bool,
) ([]byte, *Engine, error) {
	for {
		select {
		case <-gone:
			return nil, nil, fs.ErrClosed
		default:
		}
		if err := context.Cause(ctx); err != nil {
			return nil, nil, err
		}
		peers, changed := n.peers(self)
		if answer, peer, ok := n.askAll(peers, ask, check); ok {
			return answer, peer, nil
		}
		if err := n.wait(ctx, gone, changed); err != nil {
			return nil, nil, err
		}
	}
}

// askAll asks each peer once and returns the first good answer, if the network
// lets it pass.
func (n *Network) askAll(peers []*Engine, ask question, check func([]byte) bool) ([]byte, *Engine, bool) {
	for _, p := range peers {
		answer, ok := ask(p)
		if !ok {
			continue
		}
		if !n.pass() {
			return nil, nil, false
		}
		if n.tamper != nil {
			answer = n.tamper(answer)
		}
		if check(answer) {
			return answer, p, true
		}
	}
	return nil, nil, false
}

// wait returns when something changed that a transfer may wait for.
func (n *Network) wait(ctx context.Context, gone, changed <-chan struct{}) error {
	n.count(1)
	defer n.count(-1)
	select {
	case <-changed:
		return nil
	case <-gone:
		return fs.ErrClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
