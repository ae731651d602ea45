package tracker

// membership is a swarm a WebSocket is in, and by which id.
type membership struct {
	hash InfoHash
	peer PeerID
}

// join enters the WebSocket c, or brings it up to date, and appends to others
// up to want random peers of the swarm for its offers.
//
// A peer id belongs to the connection that has it. It passes to another only
// from the same address, which is what a client does that reconnects before its
// old connection is found dead. A connection is in a swarm by one id.
func (s *store) join(c *socket, m *message, want int, others []*socket) (Tally, []*socket, error) {
	sh := s.shard(&m.hash)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sw, err := s.swarm(sh, m.hash, m.event != eventStopped)
	if sw == nil {
		return Tally{}, others, err
	}
	i := sw.web.find(m.peer)
	if i >= 0 && sw.web.items[i].val != c && sw.web.items[i].val.addr != c.addr {
		return Tally{}, others, errTaken
	}
	if m.event == eventStopped {
		s.drop(sw, c, m.peer)
		c.forget(m.hash)
		return sw.tally(), others, nil
	}
	old, known := c.member(m.hash)
	if !known && len(c.joined) >= c.most {
		return Tally{}, others, errJoined
	}
	if known && old != m.peer {
		s.drop(sw, c, old)
		i = sw.web.find(m.peer)
	}
	switch {
	case i >= 0:
		if m.event == eventCompleted && i >= sw.web.seeds {
			sw.completed++
		}
		sw.web.items[i].val = c
		sw.web.mark(i, m.seed)
		c.remember(m.hash, m.peer)
	case s.room(len(sw.web.items)):
		sw.web.add(m.peer, c, m.seed)
		s.peers.Add(1)
		c.remember(m.hash, m.peer)
	}
	return sw.tally(), sw.meet(c, m.seed, want, others), nil
}

// meet appends up to want random peers other than c. For a seed they are
// leechers.
func (s *swarm) meet(c *socket, seed bool, want int, others []*socket) []*socket {
	if want <= 0 {
		return others
	}
	var buf [maxSample + 1]int32
	n := 0
	for _, i := range s.web.sample(buf[:0], want+1, seed) {
		if o := s.web.items[i].val; o != c && n < want {
			others = append(others, o)
			n++
		}
	}
	return others
}

// drop takes c out of the swarm if it is there by this id.
func (s *store) drop(sw *swarm, c *socket, id PeerID) {
	if i := sw.web.find(id); i >= 0 && sw.web.items[i].val == c {
		sw.web.remove(i)
		s.peers.Add(-1)
	}
}

// leave takes the WebSocket c out of every swarm.
func (s *store) leave(c *socket) {
	for _, m := range c.joined {
		sh := s.shard(&m.hash)
		sh.mu.Lock()
		if sw := sh.swarms[m.hash]; sw != nil {
			s.drop(sw, c, m.peer)
		}
		sh.mu.Unlock()
	}
	c.joined = nil
}

// socket returns the connection of a peer, or nil.
func (s *store) socket(h InfoHash, id PeerID) *socket {
	sh := s.shard(&h)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sw := sh.swarms[h]; sw != nil {
		if i := sw.web.find(id); i >= 0 {
			return sw.web.items[i].val
		}
	}
	return nil
}

func (c *socket) member(h InfoHash) (PeerID, bool) {
	for i := range c.joined {
		if c.joined[i].hash == h {
			return c.joined[i].peer, true
		}
	}
	return PeerID{}, false
}

func (c *socket) remember(h InfoHash, id PeerID) {
	for i := range c.joined {
		if c.joined[i].hash == h {
			c.joined[i].peer = id
			return
		}
	}
	c.joined = append(c.joined, membership{h, id})
}

func (c *socket) forget(h InfoHash) {
	for i := range c.joined {
		if c.joined[i].hash == h {
			last := len(c.joined) - 1
			c.joined[i] = c.joined[last]
			c.joined = c.joined[:last]
			return
		}
	}
}
