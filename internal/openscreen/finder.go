package openscreen

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/quic-go/quic-go/quicvarint"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/openscreen/dnssd"
)

// serviceType is the type of agents (network protocol, "Discovery with mDNS").
const serviceType = "_openscreen._udp"

// instanceSize is the most octets of an instance name.
const instanceSize = 63

// finder announces the agent and keeps the devices that others announce.
type finder struct {
	a *Agent

	turn sync.Mutex // one change of what is going on at a time
	node *dnssd.Node
	on   bool // announcing

	mu       sync.Mutex
	closed   bool
	devices  map[string]Device // by instance
	watchers map[chan struct{}]struct{}
}

func newFinder(a *Agent) *finder {
	return &finder{a: a, devices: map[string]Device{}, watchers: map[chan struct{}]struct{}{}}
}

// instanceName is a display name as an instance: a prefix, with a NUL behind it
// when something is left out. From the second attempt on it has a number.
func instanceName(name string, n int) string {
	suffix := ""
	if n > 1 {
		suffix = fmt.Sprintf(" (%d)", n)
	}
	if len(name)+len(suffix) <= instanceSize {
		return name + suffix
	}
	cut := instanceSize - len(suffix) - 1
	for cut > 0 && !utf8.RuneStart(name[cut]) {
		cut--
	}
	return name[:cut] + suffix + "\x00"
}

// start makes the node for the first thing that needs it.
func (f *finder) start() error {
	if f.node != nil {
		return nil
	}
	f.mu.Lock()
	closed := f.closed
	f.mu.Unlock()
	if closed {
		return fault.New(fault.Canceled, "the agent has ended")
	}
	o := f.a.o
	node, err := dnssd.New(dnssd.Options{
		Service: serviceType, Port: o.MulticastPort, Interfaces: o.Interfaces, Only: o.Listen.Addr(),
		Instances: o.Limits.Devices, Packets: o.Limits.Packets, Found: f.found, Lost: f.lost,
		Rename:  func(_ string, n int) string { return instanceName(f.a.DisplayName(), n) },
		Renamed: f.renamed, Log: f.a.log,
	})
	if err != nil {
		return fault.New(fault.Unreachable, "devices cannot find each other here: %w", err).
			WithHint("see that this computer is on a network and that nothing blocks UDP port 5353")
	}
	f.node = node
	return nil
}

func (f *finder) setAdvertising(on bool) error {
	f.turn.Lock()
	defer f.turn.Unlock()
	if !on {
		f.on = false
		if f.node != nil {
			f.node.Unregister()
		}
		return nil
	}
	if err := f.start(); err != nil {
		return err
	}
	f.on = true
	return f.register()
}

// register announces what the agent is now. It is called with turn held.
func (f *finder) register() error {
	a := f.a
	a.mu.Lock()
	s := dnssd.Service{
		Instance: a.instance, Port: a.Addr().Port(),
		TXT: []dnssd.Pair{
			{Key: "fp", Value: a.fp.String()},
			{Key: "mv", Value: string(quicvarint.Append(nil, a.version))},
			{Key: "at", Value: a.token},
			{Key: "sn", Value: a.serial},
		},
	}
	a.mu.Unlock()
	return f.node.Register(s)
}

// rename announces the agent by its new display name.
func (f *finder) rename() error {
	f.turn.Lock()
	defer f.turn.Unlock()
	f.a.setInstance(instanceName(f.a.DisplayName(), 1))
	if err := f.a.renew(); err != nil {
		return err
	}
	if !f.on {
		return nil
	}
	return f.register()
}

// renamed goes along with a name that was changed because it was taken: the
// certificate has it too.
func (f *finder) renamed(instance string) {
	f.a.setInstance(instance)
	f.a.work.Go(func() {
		f.turn.Lock()
		defer f.turn.Unlock()
		if f.a.ctx.Err() != nil || !f.on {
			return
		}
		if err := f.a.renew(); err != nil {
			f.a.log.Error("no certificate for the new name", "error", err)
			return
		}
		if err := f.register(); err != nil {
			f.a.log.Error("the new name cannot be announced", "error", err)
		}
	})
}

func (a *Agent) setInstance(instance string) {
	a.mu.Lock()
	a.instance = instance
	a.mu.Unlock()
}

func (f *finder) setDiscovering(on bool) error {
	f.turn.Lock()
	defer f.turn.Unlock()
	if !on && f.node == nil {
		return nil
	}
	if err := f.start(); err != nil {
		return err
	}
	f.node.Browse(on)
	return nil
}

func (f *finder) close() {
	f.turn.Lock()
	defer f.turn.Unlock()
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.on = false
	if f.node != nil {
		f.node.Close()
	}
}

// found takes what is announced. What is no agent, and this agent itself, is
// passed over.
func (f *finder) found(e dnssd.Entry) {
	fp, err := ParseFingerprint(e.TXT["fp"])
	if err != nil || fp == f.a.fp || e.Port == 0 {
		f.lost(e.Instance)
		return
	}
	d := Device{Fingerprint: fp, Instance: e.Instance, Token: tokenOf(e.TXT["at"]), Serial: serialOf(e.TXT["sn"])}
	name, truncated := strings.CutSuffix(e.Instance, "\x00")
	d.Name, d.Truncated = printable(name), truncated
	if v, n, err := quicvarint.Parse([]byte(e.TXT["mv"])); err == nil && n == len(e.TXT["mv"]) {
		d.Version = v
	}
	for _, addr := range e.Addrs {
		d.Addrs = append(d.Addrs, netip.AddrPortFrom(addr, e.Port))
	}
	f.mu.Lock()
	f.devices[e.Instance] = d
	f.mu.Unlock()
	f.wake()
}

// tokenOf is an auth initiation token that is one, else "".
func tokenOf(s string) string {
	if len(s) > 128 || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") != "" {
		return ""
	}
	return s
}

// serialOf is a serial number that can stand in a name, else "".
func serialOf(s string) string {
	if len(s) > 40 || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		return ""
	}
	return s
}

func (f *finder) lost(instance string) {
	f.mu.Lock()
	delete(f.devices, instance)
	f.mu.Unlock()
	f.wake()
}

func (f *finder) wake() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for w := range f.watchers {
		select {
		case w <- struct{}{}:
		default:
		}
	}
}

// list is every device. Two that announce one fingerprint are both suspicious.
func (f *finder) list() []Device {
	f.mu.Lock()
	all := slices.Collect(maps.Values(f.devices))
	f.mu.Unlock()
	of := map[Fingerprint]int{}
	for _, d := range all {
		of[d.Fingerprint]++
	}
	for i := range all {
		all[i].Suspicious = of[all[i].Fingerprint] > 1
	}
	slices.SortFunc(all, func(a, b Device) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Instance, b.Instance))
	})
	return all
}

// watch tells what is different from what it told before.
func (f *finder) watch(ctx context.Context) <-chan Event {
	out, wake := make(chan Event), make(chan struct{}, 1)
	wake <- struct{}{}
	f.mu.Lock()
	f.watchers[wake] = struct{}{}
	f.mu.Unlock()
	go func() {
		defer close(out)
		defer func() {
			f.mu.Lock()
			delete(f.watchers, wake)
			f.mu.Unlock()
		}()
		told := map[string]Device{}
		for {
			select {
			case <-wake:
			case <-ctx.Done():
				return
			case <-f.a.ctx.Done():
				return
			}
			for e, more := f.difference(told); more; e, more = f.difference(told) {
				select {
				case out <- e:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return out
}

// difference returns something that told does not say yet, and notes it there.
func (f *finder) difference(told map[string]Device) (Event, bool) {
	now := f.list()
	here := map[string]bool{}
	for _, d := range now {
		here[d.Instance] = true
	}
	for instance, d := range told {
		if !here[instance] {
			delete(told, instance)
			return Event{Lost, d}, true
		}
	}
	for _, d := range now {
		old, known := told[d.Instance]
		if known && old.equal(d) {
			continue
		}
		told[d.Instance] = d
		if known {
			return Event{Changed, d}, true
		}
		return Event{Found, d}, true
	}
	return Event{}, false
}
