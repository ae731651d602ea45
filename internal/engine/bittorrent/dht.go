package bittorrent

import (
	"context"
	"errors"
	"net"
	"strconv"
	"time"

	"github.com/anacrolix/dht/v2"
	"github.com/anacrolix/dht/v2/krpc"
	"github.com/anacrolix/torrent"
	"golang.org/x/time/rate"

	"github.com/kith-web/kith/internal/fault"
)

// dhtRate is how many messages a second go to the DHT.
const dhtRate = 100

// smallTable is a routing table so small that all of it fits into an answer.
const smallTable = 8

// configureDHT completes what the wire library leaves out: it has items expire
// at once, keeps no announces, and holds what it keeps without a bound.
func (e *Engine) configureDHT(s *dht.ServerConfig) {
	s.Store, s.Exp, s.PeerStore = &itemStore{}, itemTime, &peerStore{}
	s.Conn = wellFormed{s.Conn}
	s.SendLimiter = rate.NewLimiter(dhtRate, dhtRate)
	s.DefaultWant = []krpc.Want{krpc.WantNodes, krpc.WantNodes6}
	id := krpc.RandomNodeID()
	s.NodeId = id
	s.OnQuery = func(q *krpc.Msg, _ net.Addr) bool {
		e.aim(q, id)
		return true
	}
}

// aim tells the library which nodes an answer shall name. It looks for those
// close to the infohash of the query, which find_node and get do not have; and it
// leaves out those closer to this node than the target is, which in a small table
// may be all there are.
func (e *Engine) aim(q *krpc.Msg, self krpc.ID) {
	if q.A == nil || (q.Q != "find_node" && q.Q != "get") {
		return
	}
	q.A.InfoHash = q.A.Target
	if e.dhtNodes.Load() <= smallTable {
		q.A.InfoHash = self
	}
}

// countDHT is how many nodes of the DHT are known and good.
func (e *Engine) countDHT() int {
	n := 0
	for _, s := range e.dhtServers() {
		n += s.Stats().GoodNodes
	}
	e.dhtNodes.Store(int64(n))
	return n
}

// bootstrap finds the nodes by which to enter the DHT.
func (e *Engine) bootstrap() ([]dht.Addr, error) {
	ctx, cancel := context.WithTimeout(e.ctx, 10*time.Second)
	defer cancel()
	var out []dht.Addr
	for _, node := range e.o.Bootstrap {
		host, port, err := net.SplitHostPort(node)
		if err != nil {
			continue
		}
		ips, err := net.DefaultResolver.LookupIPAddr(ctx, host)
		if err != nil {
			continue
		}
		n, err := strconv.ParseUint(port, 10, 16)
		for _, ip := range ips {
			if err == nil {
				out = append(out, dht.NewAddr(&net.UDPAddr{IP: ip.IP, Port: int(n)}))
			}
		}
	}
	return out, nil
}

// dhtServers are this node's places in the DHT, one an address family.
func (e *Engine) dhtServers() []*dht.Server {
	var out []*dht.Server
	for _, s := range e.client.DhtServers() {
		if w, ok := s.(torrent.AnacrolixDhtServerWrapper); ok {
			out = append(out, w.Server)
		}
	}
	return out
}

// AddDHTNode tells the engine of a node of the DHT, host:port with an IP
// address.
func (e *Engine) AddDHTNode(addr string) error {
	ua, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		return fault.New(fault.Invalid, "%q is not the address of a DHT node: %w", addr, err)
	}
	var errs []error
	for _, s := range e.dhtServers() {
		errs = append(errs, s.AddNode(krpc.NodeInfo{Addr: krpc.NodeAddr{IP: ua.IP, Port: ua.Port}}))
	}
	return errors.Join(errs...)
}
