package tracker

import (
	"strconv"
	"time"
)

// workspace is what taking a message needs, kept for the next one.
type workspace struct {
	message message
	others  []*socket
	head    []byte
}

// take does what a message asks for. What it sends to others are parts of the
// message as they were written, put together anew: they are known to be JSON,
// and nothing else of the message passes.
func (c *socket) take(data []byte, now uint32) {
	t := c.t
	ws := t.workspaces.Get().(*workspace)
	defer t.workspaces.Put(ws)
	m := &ws.message
	if err := parseMessage(data, m, t.o.MaxOffers, t.o.MaxScrape); err != nil {
		t.count.web.invalid.Add(1)
		c.fail(m, err)
		return
	}
	switch {
	case m.scrape:
		t.count.web.scrapes.Add(1)
		c.scrape(m)
	case m.answer != nil:
		t.count.web.announces.Add(1)
		c.carry(m)
	default:
		t.count.web.announces.Add(1)
		c.announce(ws)
	}
}

// announce enters the peer, answers with the size of the swarm, and carries
// each offer to another peer.
func (c *socket) announce(ws *workspace) {
	t, m := c.t, &ws.message
	tally, others, err := t.store.join(c, m, len(m.offers), ws.others[:0])
	ws.others = others
	if err != nil {
		t.count.web.refused.Add(1)
		c.fail(m, err)
		return
	}
	b := append(ws.head[:0], `{"action":"announce","interval":`...)
	b = strconv.AppendInt(b, int64(t.o.WebInterval/time.Second), 10)
	b = strconv.AppendInt(append(b, `,"complete":`...), int64(tally.Seeds), 10)
	b = strconv.AppendInt(append(b, `,"incomplete":`...), int64(tally.Leechers), 10)
	b = strconv.AppendUint(append(b, `,"downloaded":`...), uint64(tally.Completed), 10)
	b = append(b, `,"info_hash":`...)
	b = append(append(b, m.rawHash...), '}')
	c.send(opText, b)

	b = append(b[:0], `{"action":"announce","info_hash":`...)
	b = append(b, m.rawHash...)
	b = append(append(b, `,"peer_id":`...), m.rawPeer...)
	b = append(b, `,"offer_id":`...)
	ws.head = b
	for i, to := range others {
		o := &m.offers[i]
		t.count.relayed(&t.count.offers, to.send(opText, b, o.id, []byte(`,"offer":`), o.description, []byte(`}`)))
	}
	clear(ws.others)
}

// carry brings an answer to whom it is for. The peer that answers is in the
// swarm already, or is entered by its next announce.
func (c *socket) carry(m *message) {
	t := c.t
	to := t.store.socket(m.hash, m.to)
	if id, ok := c.member(m.hash); !ok || id != m.peer {
		c.fail(m, errStranger)
		return
	}
	if to == nil || to == c {
		t.count.dropped.Add(1)
		return
	}
	t.count.relayed(&t.count.answers, to.send(opText, []byte(`{"action":"announce","info_hash":`), m.rawHash,
		[]byte(`,"peer_id":`), m.rawPeer, []byte(`,"offer_id":`), m.offerID, []byte(`,"answer":`), m.answer, []byte(`}`)))
}

// scrape answers with the sizes of swarms, as npm's bittorrent-tracker does.
func (c *socket) scrape(m *message) {
	b := append([]byte(nil), `{"action":"scrape","files":{`...)
	for i, h := range m.scraped {
		s := c.t.store.scrape(h)
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, m.scrapees[i]...), `:{"complete":`...)
		b = strconv.AppendInt(b, int64(s.Seeds), 10)
		b = strconv.AppendInt(append(b, `,"incomplete":`...), int64(s.Leechers), 10)
		b = strconv.AppendUint(append(b, `,"downloaded":`...), uint64(s.Completed), 10)
		b = append(b, '}')
	}
	b = append(b, `},"flags":{"min_request_interval":`...)
	b = strconv.AppendInt(b, int64(c.t.o.MinInterval/time.Second), 10)
	c.send(opText, b, []byte(`}}`))
}

// fail answers a message that is refused; err holds no character that JSON
// would escape.
func (c *socket) fail(m *message, err error) {
	action := `{"action":"announce","failure reason":"`
	if m.scrape {
		action = `{"action":"scrape","failure reason":"`
	}
	parts := [][]byte{[]byte(action), []byte(err.Error()), []byte(`"`), nil, nil, []byte(`}`)}
	if m.rawHash != nil {
		parts[3], parts[4] = []byte(`,"info_hash":`), m.rawHash
	}
	c.send(opText, parts...)
}
