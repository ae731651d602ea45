package ipfs

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"

	"github.com/ipfs/boxo/bitswap/network/bsnet"
	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/net/connmgr"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	quic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	ma "github.com/multiformats/go-multiaddr"

	"github.com/kith-web/kith/internal/fault"
)

// keyName is where the peer key is in the bucket.
const keyName = "peer-key"

// peerKey returns this node's key on the network, making one the first time.
func peerKey(b Bucket) (crypto.PrivKey, error) {
	raw, err := b.Get(keyName)
	if err == nil {
		key, err := crypto.UnmarshalPrivateKey(raw)
		if err != nil {
			return nil, fault.New(fault.Corrupt, "the IPFS peer key in the store is damaged: %w", err)
		}
		return key, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read peer key: %w", err)
	}
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make peer key: %w", err)
	}
	if raw, err = crypto.MarshalPrivateKey(key); err == nil {
		err = b.Put(keyName, raw)
	}
	if err != nil {
		return nil, fmt.Errorf("keep peer key: %w", err)
	}
	return key, nil
}

// newHost starts the libp2p host.
func newHost(o Options, key crypto.PrivKey) (host.Host, error) {
	conns, err := connmgr.NewConnManager(o.LowPeers, o.HighPeers)
	if err != nil {
		return nil, fmt.Errorf("connection manager: %w", err)
	}
	resources, err := newResources()
	if err != nil {
		return nil, err
	}
	opts := []libp2p.Option{
		libp2p.ResourceManager(resources),
		libp2p.Identity(key),
		libp2p.UserAgent("kith"),
		libp2p.ConnectionManager(conns),
		libp2p.NoTransports,
		libp2p.Transport(tcp.NewTCPTransport, tcp.DisableReuseport()),
		libp2p.Transport(quic.NewTransport),
		libp2p.SwarmOpts(swarm.WithDialRanker(tcpFirst)),
		libp2p.DisableMetrics(),
	}
	if len(o.Listen) == 0 {
		opts = append(opts, libp2p.NoListenAddrs)
	} else {
		opts = append(opts, libp2p.ListenAddrStrings(o.Listen...))
	}
	if o.Reach {
		opts = append(opts, libp2p.NATPortMap(), libp2p.EnableAutoNATv2(), libp2p.EnableRelay(), libp2p.EnableHolePunching())
	} else {
		opts = append(opts, libp2p.DisableRelay(), libp2p.DisableIdentifyAddressDiscovery())
	}
	h, err := libp2p.New(opts...)
	if err != nil {
		return nil, fault.New(fault.InUse, "cannot listen for IPFS peers at %v: %w", o.Listen, err).
			WithHint("choose another address in [ipfs] listen")
	}
	return h, nil
}

// Streams one peer may have open for bitswap. Its answers come in a stream each,
// hundreds at a time when it is fast; one that is refused is lost without a
// word, and libp2p's own limit is 64.
const (
	peerStreams = 2048
	allStreams  = 8192
)

// newResources limits what peers may use, as libp2p does by itself except for
// bitswap's streams.
func newResources() (network.ResourceManager, error) {
	limits := rcmgr.DefaultLimits
	libp2p.SetDefaultServiceLimits(&limits)
	raise := func(l *rcmgr.BaseLimit, streams int) {
		l.StreamsInbound, l.StreamsOutbound = max(l.StreamsInbound, streams), max(l.StreamsOutbound, streams)
		l.Streams = max(l.Streams, 2*streams)
	}
	raise(&limits.SystemBaseLimit, allStreams)
	raise(&limits.TransientBaseLimit, peerStreams)
	raise(&limits.PeerBaseLimit, peerStreams)
	perPeer, all := limits.ProtocolPeerBaseLimit, limits.ProtocolBaseLimit
	raise(&perPeer, peerStreams)
	raise(&all, allStreams)
	perPeer.Memory = max(perPeer.Memory, limits.PeerBaseLimit.Memory)
	for _, id := range []protocol.ID{
		bsnet.ProtocolBitswap, bsnet.ProtocolBitswapOneOne, bsnet.ProtocolBitswapOneZero, bsnet.ProtocolBitswapNoVers,
	} {
		limits.AddProtocolPeerLimit(id, perPeer, rcmgr.BaseLimitIncrease{})
		limits.AddProtocolLimit(id, all, rcmgr.BaseLimitIncrease{})
	}
	m, err := rcmgr.NewResourceManager(rcmgr.NewFixedLimiter(limits.AutoScale()))
	if err != nil {
		return nil, fmt.Errorf("resource manager: %w", err)
	}
	return m, nil
}

// tcpFirst tries TCP a moment before QUIC: it moves bytes at a fraction of the
// processor's time.
func tcpFirst(addrs []ma.Multiaddr) []network.AddrDelay {
	out := make([]network.AddrDelay, 0, len(addrs))
	hasTCP := false
	for _, a := range addrs {
		if _, err := a.ValueForProtocol(ma.P_TCP); err == nil {
			out = append(out, network.AddrDelay{Addr: a})
			hasTCP = true
		}
	}
	for _, a := range addrs {
		if _, err := a.ValueForProtocol(ma.P_TCP); err == nil {
			continue
		}
		delay := network.AddrDelay{Addr: a}
		if hasTCP {
			delay.Delay = swarm.PublicQUICDelay
		}
		out = append(out, delay)
	}
	return out
}

// parsePeers reads multiaddrs that end in /p2p/<peer>.
func parsePeers(what string, addrs []string) ([]peer.AddrInfo, error) {
	parsed := make([]ma.Multiaddr, 0, len(addrs))
	for _, s := range addrs {
		m, err := ma.NewMultiaddr(s)
		if err != nil {
			return nil, fault.New(fault.Invalid, "%s: %q is not a multiaddr: %w", what, s, err)
		}
		parsed = append(parsed, m)
	}
	infos, err := peer.AddrInfosFromP2pAddrs(parsed...)
	if err != nil {
		return nil, fault.New(fault.Invalid, "%s: %w", what, err).WithHint("an address of a peer ends in /p2p/<peer id>")
	}
	return infos, nil
}
