package hostile

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

// The size of a flood, and how much a program may hold more after one than before.
// Memory that Go has freed is given back to the system slowly.
const (
	floodTime, longFloodTime = 1500 * time.Millisecond, time.Minute
	floodWidth, longWidth    = 40, 500 // connections a port that say nothing
	moreDescriptors          = 24
	moreMemory               = 160 << 20
	mostSaid                 = 16 << 10 // octets of its log
)

// flooded is a program under flood, with somebody honest.
type flooded struct {
	name    string
	process *harness.Process
	want    int // listeners at least
	honest  func(ctx context.Context) error
}

// TestEveryListenerUnderFlood floods each port of a node, a relay and a host, with
// connections that say nothing, requests that stop in the middle, heads without an
// end, handshakes that are not finished, and packets of nonsense. Honest people are
// served meanwhile, and afterwards nothing of the flood is held.
func TestEveryListenerUnderFlood(t *testing.T) {
	last, width := floodTime, floodWidth
	if os.Getenv("KITH_FLOOD") != "" {
		last, width = longFloodTime, longWidth
	}
	for _, start := range []func(*testing.T) flooded{floodedNode, floodedRelay, floodedHost} {
		f := start(t)
		t.Run(f.name, func(t *testing.T) {
			must(t, f.honest(t.Context()))
			pid := f.process.PID()
			ports, files := listeners(t, pid), descriptors(t, pid)
			before, err := harness.UsageOf(pid)
			must(t, err)
			if len(ports) < f.want {
				t.Errorf("it listens on %v: %d ports are expected", ports, f.want)
			}
			f.flood(t, ports, last, width)
			must(t, f.honest(t.Context()))
			eventually(t, func() error {
				if now := descriptors(t, pid); now > files+moreDescriptors {
					return fmt.Errorf("%d open files, %d before", now, files)
				}
				now, err := harness.UsageOf(pid)
				if err == nil && now.RSS > before.RSS+moreMemory {
					err = fmt.Errorf("%d MiB, %d before", now.RSS>>20, before.RSS>>20)
				}
				return err
			})
			if said := f.process.Output(); strings.Contains(said, "panic") || len(said) > mostSaid {
				t.Errorf("it panics, or fills its log: %d octets: %.2000s", len(said), said)
			}
			must(t, f.process.Stop(patience))
		})
	}
}

// flood floods the ports, and has somebody honest served all the while.
func (f flooded) flood(t *testing.T, ports []listener, last time.Duration, width int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), last)
	defer cancel()
	var group sync.WaitGroup
	var sent atomic.Int64
	for _, p := range ports {
		if p.network == "udp" {
			group.Go(func() { packets(ctx, p, &sent) })
			continue
		}
		for i := range width {
			group.Go(func() { client(ctx, p, i, &sent) })
		}
	}
	served := 0
	for ctx.Err() == nil {
		within, stop := context.WithTimeout(t.Context(), patience)
		if err := f.honest(within); err != nil {
			t.Errorf("somebody honest, after %d were served: %v", served, err)
			stop()
			break
		}
		stop()
		served++
	}
	group.Wait()
	t.Logf("%v: %d connections and packets, %d honest requests served", ports, sent.Load(), served)
	if sent.Load() < int64(len(ports)) {
		t.Error("the flood was none")
	}
}

// strange is the address that a flood comes from, beside that of honest people.
var strange = net.IPv4(127, 0, 0, 2)

// client is one of many, each of which misbehaves in another way, again and again
// as it is thrown out.
func client(ctx context.Context, p listener, i int, sent *atomic.Int64) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: strange}}
	for ctx.Err() == nil {
		c, err := d.DialContext(ctx, "tcp", p.addr.String())
		if err != nil {
			continue
		}
		sent.Add(1)
		stop := context.AfterFunc(ctx, func() { _ = c.Close() })
		misbehave(ctx, c, i%5)
		stop()
		_ = c.Close()
	}
}

// misbehave ends when the other side has had enough. What it writes and reads may
// fail: that is what it is for.
func misbehave(ctx context.Context, c net.Conn, how int) {
	switch how {
	case 0: // says nothing
	case 1: // stops in the middle of a head
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\nX-")
	case 2: // a head without an end
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ")
		for long := bytes.Repeat([]byte("a"), 32<<10); ctx.Err() == nil; {
			if _, err := c.Write(long); err != nil {
				return
			}
		}
	case 3: // handshakes one after the other
		_ = tls.Client(c, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}}).HandshakeContext(ctx)
		return
	default: // nonsense, behind what looks like BitTorrent and a multistream
		junk := make([]byte, 4096)
		_, _ = rand.Read(junk)
		_, _ = c.Write(append([]byte([]string{"\x13BitTorrent protocol", "\x13/multistream/1.0.0\n"}[int(junk[0])%2]), junk...))
	}
	_, _ = io.Copy(io.Discard, c)
}

// packets sends nonsense that begins as QUIC, STUN, uTP, the DHT and a UDP tracker
// do.
func packets(ctx context.Context, p listener, sent *atomic.Int64) {
	c, err := net.DialUDP("udp", &net.UDPAddr{IP: strange}, net.UDPAddrFromAddrPort(p.addr))
	if err != nil {
		return
	}
	defer func() { _ = c.Close() }()
	beginnings := [][]byte{
		{0xc3, 0, 0, 0, 1, 8},
		{0x40},
		{0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42},
		{0x41, 0},
		{0x01, 0},
		[]byte("d1:ad2:id20:"),
		{0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80, 0, 0, 0, 0},
		{0, 3, 0, 0, 0x21, 0x12, 0xa4, 0x42},
		{},
	}
	packet := make([]byte, 1252)
	for i := 0; ctx.Err() == nil; i++ {
		_, _ = rand.Read(packet)
		copy(packet, beginnings[i%len(beginnings)])
		length := len(packet)
		if i%3 == 0 {
			length = int(packet[len(packet)-1])
		}
		_, _ = c.Write(packet[:length]) // refused when it is full
		sent.Add(1)
		if i%64 == 63 {
			select {
			case <-ctx.Done():
			case <-time.After(time.Millisecond): // others share this computer
			}
		}
	}
}

// fetches is an honest client, who is content to be told that they ask too often.
func fetches(url, host string) func(context.Context) error {
	return func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		r.Host = host
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		if _, err = io.Copy(io.Discard, resp.Body); err == nil && resp.StatusCode >= http.StatusInternalServerError {
			err = fmt.Errorf("%s: status %d", url, resp.StatusCode)
		}
		return err
	}
}

// floodedNode is a node with all it can listen on.
func floodedNode(t *testing.T) flooded {
	n := harness.StartNode(t, harness.Options{Binary: kith, Config: harness.Config{
		"bittorrent.dht": true, "bittorrent.webrtc": true, "friends.direct": true, "friends.name": "flooded",
		"nearby.enabled": true, "nearby.interfaces": []string{"lo"}, "nearby.listen": "127.0.0.1:0",
	}})
	must(t, n.Client.CreatePerson(t.Context(), "flooded"))
	return flooded{"node", n.Process, 6, func(ctx context.Context) error {
		_, err := n.Client.Status(ctx)
		return err
	}}
}

// floodedRelay is a relay with all it can listen on.
func floodedRelay(t *testing.T) flooded {
	at := harness.Loopback(harness.FreePort(t))
	home := t.TempDir()
	must(t, os.WriteFile(filepath.Join(home, "config.toml"), []byte("[relay]\nrate = 100000\n"), 0o600))
	p := harness.Start(t, harness.Program{Path: kith, Args: []string{
		"relay", "--home", home, "--listen", at,
		"--turn", harness.Loopback(harness.FreePort(t)), "--turn-address", "127.0.0.1",
	}})
	return flooded{"relay", p, 4, answers(t, "http://"+at+"/ice", at)}
}

// answers waits for a server to be there.
func answers(t *testing.T, url, host string) func(context.Context) error {
	t.Helper()
	f := fetches(url, host)
	eventually(t, func() error { return f(t.Context()) })
	return f
}

// floodedHost is a host of a folder.
func floodedHost(t *testing.T) flooded {
	at, home, folder := harness.Loopback(harness.FreePort(t)), t.TempDir(), t.TempDir()
	must(t, os.WriteFile(filepath.Join(folder, "index.html"), []byte("<h1>Hello</h1>"), 0o600))
	offline, err := os.ReadFile(filepath.Join(harness.Root(), "cmd", "kith", "testdata", "offline.toml"))
	must(t, err)
	config := string(offline) + fmt.Sprintf("\n[gateway]\nlisten = '127.0.0.1:0'\n[host]\ndomain = 'flood.localhost'\nhttp = '%s'\nturn = '%s'\nrate = 100000\n", at, harness.Loopback(harness.FreePort(t)))
	must(t, os.WriteFile(filepath.Join(home, "config.toml"), []byte(config), 0o600))
	p := harness.Start(t, harness.Program{Path: kith, Args: []string{"host", "--home", home, folder}})
	return flooded{"host", p, 5, answers(t, "http://"+at+"/", "flood.localhost")}
}
