package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/kith-web/kith/internal/text"
)

// dialTime is how long a connection to this computer itself may take.
const dialTime = time.Second

// maxKnocks is how many addresses of one door are tried.
const maxKnocks = 8

// Door is a port that others come to.
type Door struct {
	// Name says whose it is: "bittorrent".
	Name string
	// Key is where the port is set: "listen in [bittorrent]".
	Key string
	// Want is the configured port; 0 for any that is free.
	Want uint16
	// Open are the places that it listens at; none while no node runs.
	Open []Place
}

// Place is where something listens.
type Place struct {
	// Network is "tcp", "udp" or, for QUIC, which answers a probe, "quic".
	Network string
	Addr    netip.AddrPort
}

// ParsePlace reads what an engine says it listens at: a URL such as
// tcp://0.0.0.0:42069, or a multiaddr.
func ParsePlace(listen string) (p Place, ok bool) {
	if steps := strings.Split(listen, "/"); steps[0] == "" {
		return parseMultiaddr(steps[1:])
	}
	u, err := url.Parse(listen)
	if err != nil {
		return p, false
	}
	addr, err := netip.ParseAddrPort(u.Host)
	return Place{u.Scheme, addr}, err == nil && (u.Scheme == "tcp" || u.Scheme == "udp")
}

// parseMultiaddr reads ip4/ADDR/tcp/PORT and ip4/ADDR/udp/PORT/quic-v1; what goes
// through another program's port, by a relay for example, is none of ours.
func parseMultiaddr(steps []string) (p Place, ok bool) {
	if len(steps) < 4 || steps[0] != "ip4" && steps[0] != "ip6" || slices.Contains(steps, "p2p-circuit") {
		return p, false
	}
	ip, err := netip.ParseAddr(steps[1])
	port, err2 := strconv.ParseUint(steps[3], 10, 16)
	if err != nil || err2 != nil || steps[2] != "tcp" && steps[2] != "udp" {
		return p, false
	}
	p = Place{steps[2], netip.AddrPortFrom(ip, uint16(port))}
	if p.Network == "udp" && len(steps) > 4 && steps[4] == "quic-v1" {
		p.Network = "quic"
	}
	return p, true
}

func checkDoors(ctx context.Context, doors []Door) []Check {
	checks := make([]Check, len(doors))
	var group sync.WaitGroup
	for i, d := range doors {
		group.Go(func() {
			if len(d.Open) == 0 {
				checks[i] = d.checkFree(ctx)
			} else {
				checks[i] = d.checkOpen(ctx)
			}
		})
	}
	group.Wait()
	return checks
}

// checkFree asks whether a node that is started could have the port.
func (d Door) checkFree(ctx context.Context) Check {
	c := Check{Name: d.Name + " port", State: OK}
	if d.Want == 0 {
		c.Found(Skipped, "any port that is free is taken when the node starts")
		return c
	}
	address := ":" + strconv.Itoa(int(d.Want))
	var lc net.ListenConfig
	tcp, err := lc.Listen(ctx, "tcp", address)
	if err == nil {
		_ = tcp.Close()
		var udp net.PacketConn
		if udp, err = lc.ListenPacket(ctx, "udp", address); err == nil {
			_ = udp.Close()
		}
	}
	if err != nil {
		c.Found(Warning, "another program has port %d", d.Want)
		c.advise(d.whoHasIt())
		return c
	}
	c.Found(OK, "port %d is free", d.Want)
	return c
}

// whoHasIt is how to find the program that has the port.
func (d Door) whoHasIt() text.Phrase {
	who := hint(map[string]text.Phrase{
		"linux":   text.Of("'sudo ss -lnptu sport = :%d' says which", d.Want),
		"darwin":  text.Of("'sudo lsof -nP -i :%d' says which", d.Want),
		"windows": text.Of("'netstat -ano | findstr :%d' says which process", d.Want),
		"":        text.Of("find out which"),
	})
	return text.Of("%s; end it and start the node again, or choose another port with %s of config.toml", who, d.Key)
}

// checkOpen looks whether the door has the port that was configured, and comes to it
// from this computer's own addresses in the network.
func (d Door) checkOpen(ctx context.Context) Check {
	c := Check{Name: d.Name + " port", State: OK}
	got := d.ports()
	if d.Want != 0 && !slices.Contains(got, strconv.Itoa(int(d.Want))) {
		c.advise(d.whoHasIt())
		c.Found(Warning, "port %d was taken when the node started, so it has %s: what a router sends to %d does not arrive", d.Want, list(got), d.Want)
		return c
	}
	reached, closed := d.knock(ctx)
	switch {
	case len(closed) > 0:
		c.advise(allowHint(d.rules()))
		c.Found(Failed, "the node listens at %s, and this computer itself cannot connect there: a firewall refuses it", list(closed))
	case len(reached) > 0:
		c.Found(OK, "answers at %s", list(reached))
	default:
		c.Found(OK, "listens on port %s", list(got))
	}
	return c
}

// ports are the numbers that the door has, each once.
func (d Door) ports() []string {
	var ports []string
	for _, p := range d.Open {
		if port := strconv.Itoa(int(p.Addr.Port())); !slices.Contains(ports, port) {
			ports = append(ports, port)
		}
	}
	return ports
}

// rules are what a firewall has to let in: "42069/tcp". While no node runs, that is
// what the configuration says.
func (d Door) rules() []string {
	var rules []string
	for _, p := range d.Open {
		network := p.Network
		if network == "quic" {
			network = "udp"
		}
		rule := fmt.Sprintf("%d/%s", p.Addr.Port(), network)
		if !p.Addr.Addr().IsLoopback() && !slices.Contains(rules, rule) {
			rules = append(rules, rule)
		}
	}
	if len(d.Open) == 0 && d.Want != 0 {
		rules = []string{fmt.Sprintf("%d/tcp", d.Want), fmt.Sprintf("%d/udp", d.Want)}
	}
	slices.Sort(rules)
	return rules
}

// knock connects to the door at this computer's own addresses in its networks. What
// answers nothing by itself, such as plain UDP, is left out.
func (d Door) knock(ctx context.Context) (reached, closed []string) {
	var places []Place
	for _, p := range d.Open {
		for _, ip := range ownAddrs(p.Addr.Addr()) {
			if at := (Place{p.Network, netip.AddrPortFrom(ip, p.Addr.Port())}); !slices.Contains(places, at) && at.Network != "udp" {
				places = append(places, at)
			}
		}
	}
	places = places[:min(len(places), maxKnocks)]
	errs := make([]error, len(places))
	var group sync.WaitGroup
	for i, at := range places {
		group.Go(func() { errs[i] = at.connect(ctx) })
	}
	group.Wait()
	for i, at := range places {
		text := at.Network + "://" + at.Addr.String()
		switch err := errs[i]; {
		case err == nil:
			reached = append(reached, text)
		case !errors.Is(err, syscall.EADDRNOTAVAIL): // an address that just went away
			closed = append(closed, text)
		}
	}
	return reached, closed
}

func (p Place) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	if p.Network == "quic" {
		return probeQUIC(ctx, p.Addr)
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, p.Network, p.Addr.String())
	if err != nil {
		return err
	}
	return conn.Close()
}

// ownAddrs are this computer's addresses in its networks at which something answers
// that listens at an address: the one itself, or all of its family, where that is
// 0.0.0.0 or ::. Loopback is none.
func ownAddrs(listens netip.Addr) []netip.Addr {
	listens = listens.Unmap()
	if listens.IsLoopback() {
		return nil
	}
	if !listens.IsUnspecified() {
		return []netip.Addr{listens}
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var own []netip.Addr
	for _, a := range addrs {
		prefix, err := netip.ParsePrefix(a.String())
		ip := prefix.Addr().Unmap()
		if err == nil && ip.IsGlobalUnicast() && ip.Is4() == listens.Is4() {
			own = append(own, ip)
		}
	}
	return own
}
