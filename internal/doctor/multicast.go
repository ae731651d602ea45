package doctor

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/ipv4"

	"github.com/kith-web/kith/internal/text"
)

// Multicast is tried with the group of mDNS (RFC 6762 §3) at a port of our own, so
// that nobody else hears it.
const (
	multicastTime  = time.Second
	multicastEvery = 100 * time.Millisecond
)

// errNoMulticast says that an interface is not made for it.
var errNoMulticast = errors.New("the interface has it switched off")

// checkMulticast joins a group on each interface and hears itself there.
func checkMulticast(ctx context.Context, names []string) Check {
	c := Check{Name: "multicast", State: OK}
	found, err := usable(names)
	if err != nil || len(found) == 0 {
		c.Found(Skipped, "no network is connected")
		c.Advise("connect to a network, and check again; devices nearby are found by it")
		return c
	}
	errs := make([]error, len(found))
	var group sync.WaitGroup
	for i, ifi := range found {
		group.Go(func() { errs[i] = hearOneself(ctx, ifi) })
	}
	group.Wait()
	var well, bad []string
	first := ""
	for i, ifi := range found {
		if errs[i] == nil {
			well = append(well, ifi.Name)
			continue
		}
		bad = append(bad, fmt.Sprintf("%s (%v)", ifi.Name, errs[i]))
		if first == "" || errors.Is(errs[i], errNoMulticast) {
			first = ifi.Name
		}
	}
	if len(bad) == 0 {
		c.Found(OK, "works on %s", list(well))
		return c
	}
	c.Found(Warning, "does not work on %s", list(bad))
	if len(well) == 0 {
		c.Also("%s: devices nearby are not found")
		c.State = Failed
	}
	todo := hint(map[string]text.Phrase{
		"linux":   text.Of("run 'sudo ip link set dev %s multicast on', and let UDP to 224.0.0.251 through the firewall", first),
		"darwin":  text.Of("allow Kith under System Settings, Privacy and Security, Local Network"),
		"windows": text.Of("set the network to private in the settings of Windows, and let UDP to 224.0.0.251 through the firewall"),
		"":        text.Of("let UDP to 224.0.0.251 through the firewall"),
	})
	if len(well) > 0 {
		todo = text.Of("%s; or name the ones to use with interfaces in [nearby] of config.toml", todo)
	}
	c.advise(todo)
	return c
}

// usable are the interfaces that lead to other devices: up, with an address of IPv4,
// and neither loopback nor from here to one other computer only.
func usable(names []string) ([]net.Interface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var found []net.Interface
	for _, ifi := range all {
		if ifi.Flags&net.FlagUp == 0 || ifi.Flags&(net.FlagLoopback|net.FlagPointToPoint) != 0 || ifi.Flags&net.FlagRunning == 0 ||
			len(names) > 0 && !slices.Contains(names, ifi.Name) {
			continue
		}
		if _, ok := addr4(ifi); ok {
			found = append(found, ifi)
		}
	}
	return found, nil
}

func addr4(ifi net.Interface) (netip.Addr, bool) {
	addrs, err := ifi.Addrs()
	if err != nil {
		return netip.Addr{}, false
	}
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() {
			return p.Addr(), true
		}
	}
	return netip.Addr{}, false
}

// hearOneself sends a few packets to a group on an interface, and waits for one.
func hearOneself(ctx context.Context, ifi net.Interface) error {
	if ifi.Flags&net.FlagMulticast == 0 {
		return errNoMulticast
	}
	var lc net.ListenConfig
	conn, err := lc.ListenPacket(ctx, "udp4", "0.0.0.0:0")
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	group := &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251)}
	p := ipv4.NewPacketConn(conn)
	if err := errors.Join(p.JoinGroup(&ifi, group), p.SetMulticastInterface(&ifi), p.SetMulticastLoopback(true), p.SetMulticastTTL(1)); err != nil {
		return errors.New(strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	group.Port = conn.LocalAddr().(*net.UDPAddr).Port
	word := make([]byte, 16)
	_, _ = rand.Read(word) // never fails (Go 1.24)
	heard := make([]byte, 64)
	for deadline := time.Now().Add(multicastTime); time.Now().Before(deadline) && ctx.Err() == nil; {
		if _, err := conn.WriteTo(word, group); err != nil {
			return err
		}
		if err := conn.SetReadDeadline(time.Now().Add(multicastEvery)); err != nil {
			return err
		}
		if n, _, err := conn.ReadFrom(heard); err == nil && string(heard[:n]) == string(word) {
			return nil
		}
	}
	return errors.New("what is sent is not heard")
}
