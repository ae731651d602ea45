package node

import (
	"context"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"

	"github.com/kith-web/kith/internal/doctor"
)

// examine has the doctor look at this computer while the node runs.
func (p *parts) examine(ctx context.Context) []doctor.Check {
	c := p.node.o.Config
	o := doctor.Options{Home: p.node.o.Home, Interfaces: c.Nearby.Interfaces, Clock: p.clock, Doors: doorsOf(c)}
	for i, d := range o.Doors {
		for _, e := range p.node.engines {
			if string(e.Network()) == d.Name {
				o.Doors[i].Open = placesIn(e.Status().Listen)
			}
		}
	}
	if p.nearby != nil {
		agent := p.nearby.Service.Agent()
		for i, d := range o.Doors {
			if d.Name == nearbyDoor {
				o.Doors[i].Open = quicAt(agent.Addr())
			}
		}
		for _, d := range agent.Devices() {
			o.Devices = append(o.Devices, doctor.Device{Name: d.Name, Addrs: d.Addrs})
		}
	}
	return doctor.Examine(ctx, o)
}

// Examine has the doctor look at what can be seen while no node runs: its first
// finding says so.
func Examine(ctx context.Context, home string, c Config, start string) []doctor.Check {
	stopped := doctor.Check{Name: "node"}
	stopped.Found(doctor.Warning, "no node is running on %s; peers, names and devices nearby are looked at when one is", home)
	stopped.Advise("start it with '%s'", start)
	return append([]doctor.Check{stopped}, doctor.Examine(ctx, doctor.Options{
		Home: existing(home), Interfaces: c.Nearby.Interfaces, Doors: doorsOf(c),
	})...)
}

// nearbyDoor is the door of devices nearby.
const nearbyDoor = "nearby"

// doorsOf are the ports that a configuration has for others.
func doorsOf(c Config) []doctor.Door {
	var doors []doctor.Door
	add := func(on bool, name, listen string) {
		if on {
			doors = append(doors, doctor.Door{Name: name, Key: "listen in [" + name + "]", Want: wantedPort(listen)})
		}
	}
	add(c.BitTorrent.Enabled, "bittorrent", c.BitTorrent.Listen)
	ipfs := ""
	if len(c.IPFS.Listen) > 0 {
		ipfs = c.IPFS.Listen[0]
	}
	add(c.IPFS.Enabled && ipfs != "", "ipfs", ipfs)
	add(c.Nearby.Enabled, nearbyDoor, c.Nearby.Listen)
	return doors
}

// wantedPort is the port of a configured place, host:port or a multiaddr; 0 for any.
func wantedPort(listen string) uint16 {
	if p, ok := doctor.ParsePlace(listen); ok {
		return p.Addr.Port()
	}
	_, text, err := net.SplitHostPort(listen)
	if err != nil {
		return 0
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0
	}
	return uint16(port)
}

// existing is the folder, or the nearest above it that is there already.
func existing(folder string) string {
	for {
		if _, err := os.Stat(folder); err == nil || filepath.Dir(folder) == folder {
			return folder
		}
		folder = filepath.Dir(folder)
	}
}

// quicAt is a socket for QUIC: one at :: takes IPv4 as well.
func quicAt(at netip.AddrPort) []doctor.Place {
	open := []doctor.Place{{Network: "quic", Addr: at}}
	if at.Addr() == netip.IPv6Unspecified() {
		open = append(open, doctor.Place{Network: "quic", Addr: netip.AddrPortFrom(netip.IPv4Unspecified(), at.Port())})
	}
	return open
}

func placesIn(listen []string) []doctor.Place {
	var found []doctor.Place
	for _, l := range listen {
		if p, ok := doctor.ParsePlace(l); ok {
			found = append(found, p)
		}
	}
	return found
}
