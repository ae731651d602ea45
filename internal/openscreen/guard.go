package openscreen

import (
	"context"
	"net/netip"
	"sync"
	"time"
)

// guardEntries is how many peers a guard remembers.
const guardEntries = 4096

// guard makes guessing codes slow: wrong ones cost a wait that doubles, and too
// many lock out, by fingerprint and by address, whatever session they come in.
type guard struct {
	most int
	out  time.Duration
	wait time.Duration

	mu    sync.Mutex
	peers map[string]*strikes
}

// strikes are the wrong codes of a peer.
type strikes struct {
	count int
	last  time.Time
	turn  chan struct{} // holds one token: the place of an attempt
}

func newGuard(l Limits) *guard {
	return &guard{most: l.WrongCodes, out: l.Lockout, wait: l.WrongCodeWait, peers: map[string]*strikes{}}
}

// guardKeys are what attempts of a peer are counted by. Of an IPv6 address, that
// is its network.
func guardKeys(f Fingerprint, addr netip.Addr) []string {
	addr = addr.Unmap().WithZone("")
	place := addr.String()
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			place = p.String()
		}
	}
	return []string{"address " + place, "agent " + f.String()}
}

// of returns the strikes of a key, making room if it must. It is called with mu.
func (g *guard) of(key string) *strikes {
	s := g.peers[key]
	if s != nil {
		return s
	}
	if len(g.peers) >= guardEntries {
		g.makeRoom()
	}
	s = &strikes{turn: make(chan struct{}, 1)}
	s.turn <- struct{}{}
	g.peers[key] = s
	return s
}

// makeRoom forgets who has served its time, and failing that the one with the
// fewest strikes.
func (g *guard) makeRoom() {
	least, fewest := "", 0
	for key, s := range g.peers {
		if len(s.turn) == 0 {
			continue
		}
		if time.Since(s.last) > g.out {
			delete(g.peers, key)
		} else if least == "" || s.count < fewest {
			least, fewest = key, s.count
		}
	}
	if len(g.peers) >= guardEntries {
		delete(g.peers, least)
	}
}

// enter waits for the place of an attempt of every key, and then as long as the
// wrong codes so far cost. It fails with errLockedOut at once, or when ctx ends.
func (g *guard) enter(ctx context.Context, keys []string) (leave func(), err error) {
	var held []chan struct{}
	leave = func() {
		for _, turn := range held {
			turn <- struct{}{}
		}
	}
	for _, key := range keys {
		g.mu.Lock()
		turn := g.of(key).turn
		g.mu.Unlock()
		select {
		case <-turn:
			held = append(held, turn)
		case <-ctx.Done():
			leave()
			return nil, ctx.Err()
		}
	}
	pause, locked := g.state(keys)
	if locked {
		leave()
		return nil, errLockedOut
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return leave, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}

// state returns how long a peer has to wait, and whether it is locked out.
func (g *guard) state(keys []string) (pause time.Duration, locked bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, key := range keys {
		s := g.of(key)
		since := time.Since(s.last)
		if s.count > 0 && since > g.out {
			s.count = 0
		}
		if s.count >= g.most {
			return 0, true
		}
		if s.count > 0 {
			pause = max(pause, g.wait<<(s.count-1)-since)
		}
	}
	return pause, false
}

// charge counts an attempt as wrong, before it can be one: who leaves in the
// middle has learned as much as who goes on.
func (g *guard) charge(keys []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, key := range keys {
		s := g.of(key)
		s.count++
		s.last = time.Now()
	}
}

// forgive takes back what charge counted: the code was right.
func (g *guard) forgive(keys []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, key := range keys {
		s := g.of(key)
		s.count = max(0, s.count-1)
	}
}
