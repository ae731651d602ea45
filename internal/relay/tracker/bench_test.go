//go:build unix

package tracker_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The load of the benchmarks: so many swarms, of so many peers together over
// HTTP and UDP, and of so many WebSockets.
const (
	benchSwarms  = 20
	benchPeers   = 5000
	benchClients = 200
)

// spread calls f for each of n clients at once, each with its share of b.N.
func spread(b *testing.B, n int, f func(client, requests int)) {
	var wg sync.WaitGroup
	for i := range n {
		share := b.N / n
		if i < b.N%n {
			share++
		}
		wg.Go(func() { f(i, share) })
	}
	wg.Wait()
}

// BenchmarkUDPAnnounce announces over UDP (BEP 15).
func BenchmarkUDPAnnounce(b *testing.B) {
	p := startProcess(b)
	const clients, window = 8, 16
	type client struct {
		conn net.Conn
		id   []byte
	}
	list := make([]client, clients)
	for i := range list {
		conn, err := net.Dial("udp", p.addr)
		if err != nil {
			b.Fatal(err)
		}
		defer conn.Close()
		list[i] = client{conn, udpConnectionID(b, conn)}
	}
	var port atomic.Uint32
	p.measure(b, func() {
		spread(b, clients, func(i, n int) {
			conn, buf := list[i].conn, make([]byte, 2048)
			req := udpAnnounceRequest(list[i].id, [20]byte{}, [20]byte{1}, 0, 1, 0, 50)
			for sent, got := 0, 0; got < n; {
				for sent < n && sent-got < window {
					k := port.Add(1)
					req[16] = byte(k % benchSwarms)
					binary.BigEndian.PutUint16(req[96:], uint16(1+k%benchPeers))
					if _, err := conn.Write(req); err != nil {
						b.Error(err)
						return
					}
					sent++
				}
				conn.SetReadDeadline(time.Now().Add(5 * time.Second))
				m, err := conn.Read(buf)
				if err != nil {
					b.Error(err)
					return
				}
				if binary.BigEndian.Uint32(buf) != 1 || m < 20 {
					b.Errorf("answer %x", buf[:m])
					return
				}
				got++
			}
		})
	})
}

// BenchmarkHTTPAnnounce announces over HTTP connections that are kept.
func BenchmarkHTTPAnnounce(b *testing.B) {
	p := startProcess(b)
	const clients = 32
	conns := make([]net.Conn, clients)
	for i := range conns {
		conn, err := net.Dial("tcp", p.addr)
		if err != nil {
			b.Fatal(err)
		}
		defer conn.Close()
		conns[i] = conn
	}
	p.measure(b, func() {
		spread(b, clients, func(i, n int) {
			r := bufio.NewReader(conns[i])
			for k := range n {
				hash := [20]byte{byte((i*157 + k) % benchSwarms), 0xff}
				id := [20]byte{byte(i), byte(k)}
				_, err := fmt.Fprintf(conns[i], "GET /announce?info_hash=%s&peer_id=%s&port=%d&uploaded=0&downloaded=0&left=1&compact=1&numwant=50 HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench\r\nAccept-Encoding: gzip\r\n\r\n",
					url.QueryEscape(string(hash[:])), url.QueryEscape(string(id[:])), 1+(i*157+k)%benchPeers, p.addr)
				if err != nil {
					b.Error(err)
					return
				}
				if err := readHTTP(r); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}

// readHTTP takes in an answer as cheaply as it can.
func readHTTP(r *bufio.Reader) error {
	length := 0
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200")) {
			return fmt.Errorf("answer %q", line)
		}
		if len(line) <= 2 {
			break
		}
		if v, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			fmt.Sscanf(string(v), "%d", &length)
		}
	}
	_, err := r.Discard(length)
	return err
}

// BenchmarkWebSocketAnnounce announces with five offers each, which are carried
// to five others.
func BenchmarkWebSocketAnnounce(b *testing.B) {
	p := startProcess(b)
	const window = 4
	type client struct {
		conn net.Conn
		r    *bufio.Reader
		req  []byte
	}
	list := make([]client, benchClients)
	for i := range list {
		conn, r := rawSocket(b, p.addr)
		defer conn.Close()
		list[i] = client{conn, r, maskedFrame(benchAnnounce(i, 5))}
		conn.Write(maskedFrame(benchAnnounce(i, 0)))
		readFrame(b, r)
	}
	p.measure(b, func() {
		spread(b, benchClients, func(i, n int) {
			c := list[i]
			for sent, got := 0, 0; got < n; {
				for sent < n && sent-got < window {
					if _, err := c.conn.Write(c.req); err != nil {
						b.Error(err)
						return
					}
					sent++
				}
				for own := false; !own; {
					own = bytes.Contains(readFrame(b, c.r), []byte(`"interval":`))
				}
				got++
			}
			go io.Copy(io.Discard, c.r) // offers of those not yet done
		})
	})
}

// benchAnnounce is an announce as webtorrent writes it, with descriptions of the
// size that Chromium makes for a data channel.
func benchAnnounce(i, offers int) []byte {
	var list []string
	for k := range offers {
		sdp := `v=0\r\no=- 4962303333179871722 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=candidate:1467250027 1 udp 2122260223 192.168.0.196 46243 typ host generation 0 network-id 1\r\na=ice-ufrag:abcd\r\na=ice-pwd:` + strings.Repeat("x", 24) + `\r\na=fingerprint:sha-256 ` + strings.Repeat("AB:", 32) + `\r\na=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n`
		list = append(list, fmt.Sprintf(`{"offer":{"type":"offer","sdp":"%s"},"offer_id":"%020d"}`, sdp, k))
	}
	return fmt.Appendf(nil, `{"numwant":5,"uploaded":0,"downloaded":0,"left":1000,"event":"started","action":"announce","info_hash":"%020d","peer_id":"-WW0000-%012d","offers":[%s]}`,
		i%benchSwarms, i, strings.Join(list, ","))
}

// BenchmarkIdleWebSockets opens 20,000 WebSockets, each in a swarm, and reports
// what the tracker's process holds then.
func BenchmarkIdleWebSockets(b *testing.B) {
	const want = 20_000
	for range b.N {
		p := startProcess(b)
		_, before, _ := p.ask("memory")
		open := want
		for i := range want {
			conn, err := net.Dial("tcp", p.addr)
			if err != nil {
				open = i
				b.Logf("the system allows %d connections here: %v", i, err)
				break
			}
			defer conn.Close()
			handshake(b, conn)
			r := bufio.NewReaderSize(conn, 16)
			readResponse(b, r)
			conn.Write(maskedFrame(benchAnnounce(i, 0)))
			readFrame(b, r)
		}
		_, after, sockets := p.ask("memory")
		if sockets != open {
			b.Errorf("%d WebSockets are open, want %d", sockets, open)
		}
		b.ReportMetric(float64(open), "sockets")
		b.ReportMetric(float64(after)/(1<<20), "MiB")
		b.ReportMetric(float64(after-before)/float64(open)/1024, "KiB/socket")
	}
	b.ReportMetric(0, "ns/op")
}
