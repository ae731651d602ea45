package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// What announcers make together: so many swarms of so many peers.
const (
	swarms     = 20
	announcers = 5000
)

// swarmHash is the info_hash of the kth announce.
func swarmHash(k int) []byte {
	return append([]byte{byte(k % swarms), 0xff}, make([]byte, 18)...)
}

// announcer announces to a tracker again and again until stop, and counts the
// answers.
type announcer func(addr string, client int, stop *atomic.Bool, answers *atomic.Int64) error

// announceTime bounds the wait for one answer.
const announceTime = 10 * time.Second

// announceUDP announces by BEP 15, sixteen requests on their way at a time.
func announceUDP(addr string, client int, stop *atomic.Bool, answers *atomic.Int64) error {
	const window = 16
	conn, err := net.Dial("udp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	buf := make([]byte, 4096)
	ask := func(req []byte) error {
		if _, err := conn.Write(req); err != nil {
			return err
		}
		return conn.SetReadDeadline(time.Now().Add(announceTime))
	}
	hello := binary.BigEndian.AppendUint64(nil, 0x41727101980)
	if err := ask(binary.BigEndian.AppendUint64(hello, 1)); err != nil {
		return err
	}
	if n, err := conn.Read(buf); err != nil || n < 16 {
		return fmt.Errorf("connect: %d octets, %w", n, err)
	}
	req := make([]byte, 98)
	copy(req, buf[8:16])
	req[11] = 1                              // announce
	binary.BigEndian.PutUint64(req[64:], 1)  // left
	binary.BigEndian.PutUint32(req[92:], 50) // wanted
	for sent, got := 0, 0; !stop.Load(); got++ {
		for ; sent-got < window; sent++ {
			k := client*7919 + sent
			copy(req[16:], swarmHash(k))
			req[36] = byte(client)
			binary.BigEndian.PutUint32(req[37:], uint32(k))
			binary.BigEndian.PutUint16(req[96:], uint16(1+k%announcers))
			if err := ask(req); err != nil {
				return err
			}
		}
		if n, err := conn.Read(buf); err != nil || n < 20 || buf[3] != 1 {
			return fmt.Errorf("answer %x: %w", buf[:n], err)
		}
		answers.Add(1)
	}
	return nil
}

// announceHTTP announces by BEP 3 and 23, over a connection that is kept where
// the tracker keeps it.
func announceHTTP(addr string, client int, stop *atomic.Bool, answers *atomic.Int64) error {
	var conn net.Conn
	var r *bufio.Reader
	defer func() {
		if conn != nil {
			conn.Close()
		}
	}()
	for k := client * 7919; !stop.Load(); k++ {
		if conn == nil {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				return err
			}
			conn, r = c, bufio.NewReader(c)
		}
		id := fmt.Sprintf("-BE0001-%012d", k)
		_, err := fmt.Fprintf(conn, "GET /announce?info_hash=%s&peer_id=%s&port=%d&uploaded=0&downloaded=0&left=1&compact=1&numwant=50 HTTP/1.1\r\nHost: %s\r\n\r\n",
			url.QueryEscape(string(swarmHash(k))), id, 1+k%announcers, addr)
		if err != nil {
			return err
		}
		if err := conn.SetReadDeadline(time.Now().Add(announceTime)); err != nil {
			return err
		}
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK || !bytes.Contains(body, []byte("5:peers")) {
			return fmt.Errorf("%s %q: %w", resp.Status, body, err)
		}
		if resp.Close {
			conn.Close()
			conn = nil
		}
		answers.Add(1)
	}
	return nil
}

// offers is what a page with five offers announces, descriptions of the size that
// Chromium makes for a data channel.
func offers(client, n int) []byte {
	var list []string
	for k := range n {
		sdp := `v=0\r\no=- 4962303333179871722 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=candidate:1467250027 1 udp 2122260223 192.168.0.196 46243 typ host generation 0 network-id 1\r\na=ice-ufrag:abcd\r\na=ice-pwd:` +
			strings.Repeat("x", 24) + `\r\na=fingerprint:sha-256 ` + strings.Repeat("AB:", 32) + `\r\na=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n`
		list = append(list, fmt.Sprintf(`{"offer":{"type":"offer","sdp":"%s"},"offer_id":"%020d"}`, sdp, k))
	}
	return fmt.Appendf(nil, `{"numwant":%d,"uploaded":0,"downloaded":0,"left":1000,"event":"started","action":"announce","info_hash":"%020d","peer_id":"-WW0000-%012d","offers":[%s]}`,
		n, client%swarms, client, strings.Join(list, ","))
}

// announceWS announces with five offers, which the tracker carries to others.
func announceWS(addr string, client int, stop *atomic.Bool, answers *atomic.Int64) error {
	c, err := openSocket(addr, client)
	if err != nil {
		return err
	}
	defer func() { _ = c.CloseNow() }()
	cancel := context.CancelFunc(func() {})
	defer func() { cancel() }()
	req := offers(client, 5)
	const window = 4
	for sent, got := 0, 0; !stop.Load(); got++ {
		cancel()
		var ctx context.Context
		ctx, cancel = withTime(announceTime)
		for ; sent-got < window; sent++ {
			if err := c.Write(ctx, websocket.MessageText, req); err != nil {
				return err
			}
		}
		for own := false; !own && !stop.Load(); { // beside its own answers come the offers of others
			_, data, err := c.Read(ctx)
			if err != nil {
				return err
			}
			own = bytes.Contains(data, []byte(`"interval":`))
		}
		answers.Add(1)
	}
	return nil
}

// openSocket opens a WebSocket that has joined its swarm.
func openSocket(addr string, client int) (*websocket.Conn, error) {
	ctx, cancel := withTime(announceTime)
	defer cancel()
	c, _, err := websocket.Dial(ctx, "ws://"+addr+"/", nil)
	if err != nil {
		return nil, err
	}
	c.SetReadLimit(1 << 20)
	err = c.Write(ctx, websocket.MessageText, offers(client, 0))
	if err == nil {
		_, _, err = c.Read(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, c.CloseNow())
	}
	return c, nil
}

// announceRate has clients announce for a while and returns how many announces
// the process at pid answers for each second of its own processor time, which is
// the same whoever else is at work on the machine.
func announceRate(t *testing.T, pid int, addr string, clients int, by announcer) float64 {
	t.Helper()
	var stop atomic.Bool
	var answers atomic.Int64
	failed := make(chan error, clients)
	for i := range clients {
		go func() { failed <- by(addr, i, &stop, &answers) }()
	}
	const settle, span = time.Second, 4 * time.Second
	cpu, n := measureCPU(t, pid, &answers, settle, span)
	stop.Store(true)
	for range clients {
		if err := <-failed; err != nil {
			t.Fatal(err)
		}
	}
	return float64(n) / cpu.Seconds()
}
