package doctor

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"
)

// deviceTime is how long a device may take to answer.
const deviceTime = 2 * time.Second

// Most devices that are tried, and addresses of each.
const (
	maxDevices     = 32
	maxDeviceAddrs = 4
)

// Device is one that announces itself in this network, by multicast, and takes QUIC.
type Device struct {
	Name  string
	Addrs []netip.AddrPort
}

// checkDevices finds a network that carries announcements and keeps its devices
// apart all the same: each device that is seen is asked for a sign of life.
func checkDevices(ctx context.Context, devices []Device) Check {
	c := Check{Name: "devices nearby"}
	if len(devices) == 0 {
		c.Found(Skipped, "no other device announces itself, so whether this network lets devices reach one another cannot be tried")
		c.Advise("open Kith on another device in this network, and check again")
		return c
	}
	devices = devices[:min(len(devices), maxDevices)]
	reached := make([]bool, len(devices))
	var group sync.WaitGroup
	for i, d := range devices {
		group.Go(func() { reached[i] = d.answers(ctx) })
	}
	group.Wait()
	var silent []string
	for i, d := range devices {
		if !reached[i] {
			silent = append(silent, fmt.Sprintf("%.40q", d.Name))
		}
	}
	switch len(silent) {
	case 0:
		c.Found(OK, "all that announce themselves answer: %d", len(devices))
	case len(devices):
		c.Found(Failed, "seen and never reached: %s; this network carries announcements and keeps its devices apart, or a firewall on them does", list(silent))
		c.Advise("switch off AP isolation (also called client isolation) in the wireless router, or leave its guest network; on the other device, 'kith doctor' looks at its firewall")
	default:
		c.Found(Warning, "seen and not reached: %s", list(silent))
		c.Advise("run 'kith doctor' on that device: its firewall may refuse others")
	}
	return c
}

// answers tries every address of a device at once.
func (d Device) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, deviceTime)
	defer cancel()
	addrs := d.Addrs[:min(len(d.Addrs), maxDeviceAddrs)]
	reached := make(chan bool, len(addrs))
	for _, a := range addrs {
		go func() { reached <- probeQUIC(ctx, a) == nil }()
	}
	for range addrs {
		if <-reached {
			return true
		}
	}
	return false
}
