package bridge

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
	"github.com/pion/webrtc/v4"
	"github.com/quic-go/quic-go"
	"github.com/quic-go/webtransport-go"

	"github.com/kith-web/kith/internal/engine"
)

// endpoint is what a peer says beside its offers and answers.
type endpoint struct {
	URL    string   `json:"url"`
	Hashes []string `json:"hashes"`
}

// octets spells octets as WebSocket trackers do: one code point each.
func octets(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

// ask announces an offer to a WebSocket tracker, as a browser does, and returns
// where the peer that answers is over WebTransport.
func ask(t *testing.T, tracker string, swarm [20]byte) endpoint {
	t.Helper()
	ctx := within(t)
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	must(t, err)
	defer pc.Close() //nolint:errcheck // it is made for its offer
	_, err = pc.CreateDataChannel("browser", nil)
	must(t, err)
	sdp, err := pc.CreateOffer(nil)
	must(t, err)
	ws, _, err := websocket.Dial(ctx, tracker, nil)
	must(t, err)
	defer ws.CloseNow() //nolint:errcheck // test
	ws.SetReadLimit(1 << 20)
	for try := byte(0); ; try++ { // the peer may not have announced itself yet
		id := make([]byte, 20)
		id[0] = try
		must(t, wsjson.Write(ctx, ws, map[string]any{
			"action": "announce", "info_hash": octets(swarm[:]), "peer_id": "-BR0001-browserbrows", "numwant": 1,
			"uploaded": 0, "downloaded": 0, "left": 1, "offers": []any{map[string]any{
				"offer_id": octets(id), "offer": map[string]any{"type": "offer", "sdp": sdp.SDP},
			}},
		}))
		if at, ok := answer(t, ctx, ws); ok {
			return at
		}
	}
}

// answer waits a moment for an answer from the tracker.
func answer(t *testing.T, ctx context.Context, ws *websocket.Conn) (endpoint, bool) {
	t.Helper()
	for {
		type told struct {
			Interval             int
			Incomplete, Complete int
			Answer               *struct {
				Type, SDP    string
				WebTransport []endpoint
			}
		}
		_, data, err := ws.Read(ctx)
		must(t, err)
		var m told
		must(t, json.Unmarshal(data, &m))
		switch {
		case m.Answer != nil && len(m.Answer.WebTransport) > 0:
			return m.Answer.WebTransport[0], true
		case m.Answer != nil:
			t.Fatalf("an answer without WebTransport: %s", data)
		case m.Interval > 0 && m.Complete == 0:
			time.Sleep(100 * time.Millisecond) // nobody else is there; not too fast for the tracker
			return endpoint{}, false
		}
	}
}

// dial opens a stream as a browser does, trusting the hashes alone.
func dial(t *testing.T, at endpoint) *webtransport.Stream {
	t.Helper()
	d := &webtransport.Dialer{
		TLSClientConfig: &tls.Config{
			InsecureSkipVerify: true, NextProtos: []string{"h3"}, //nolint:gosec // the hash is checked
			VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error {
				sum := sha256.Sum256(raw[0])
				if !slices.Contains(at.Hashes, base64.StdEncoding.EncodeToString(sum[:])) {
					return errors.New("the hash was not published")
				}
				return nil
			},
		},
		QUICConfig: &quic.Config{EnableDatagrams: true, EnableStreamResetPartialDelivery: true},
	}
	t.Cleanup(func() { _ = d.Close() })
	_, session, err := d.Dial(within(t), at.URL, nil)
	must(t, err)
	stream, err := session.OpenStreamSync(within(t))
	must(t, err)
	must(t, stream.SetDeadline(time.Now().Add(patience)))
	return stream
}

// leech takes the pieces of a site from one peer. It is an engine.Piecer, so that
// they are checked like those of any engine.
type leech struct {
	conn   io.ReadWriter
	index  engine.Index
	length func(i int) int

	mu   sync.Mutex
	have map[int]bool
}

var _ engine.Piecer = (*leech)(nil)

// newLeech introduces itself and waits until it may ask.
func newLeech(conn io.ReadWriter, x engine.Index, length func(i int) int) (*leech, error) {
	l := &leech{conn: conn, index: x, length: length, have: map[int]bool{}}
	hello := append([]byte("\x13BitTorrent protocol\x00\x00\x00\x00\x00\x10\x00\x04"), x.Swarm[:]...)
	hello = append(hello, "-BR0001-browserbrows\x00\x00\x00\x01\x02"...) // interested
	if _, err := conn.Write(hello); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(conn, hello[:68]); err != nil {
		return nil, fmt.Errorf("read the handshake: %w", err)
	}
	if [20]byte(hello[28:48]) != x.Swarm {
		return nil, errors.New("the handshake names another swarm")
	}
	_, err := l.await(1) // unchoke
	return l, err
}

// await reads up to a message of a kind.
func (l *leech) await(kind byte) ([]byte, error) {
	for {
		var head [4]byte
		if _, err := io.ReadFull(l.conn, head[:]); err != nil {
			return nil, fmt.Errorf("wait for a message of kind %d: %w", kind, err)
		}
		body := make([]byte, binary.BigEndian.Uint32(head[:])&0xfffff)
		if _, err := io.ReadFull(l.conn, body); err != nil {
			return nil, err
		}
		if len(body) > 0 && body[0] == kind {
			return body[1:], nil
		}
	}
}

// Index implements engine.Piecer.
func (l *leech) Index(context.Context) (engine.Index, error) { return l.index, nil }

// HasPiece implements engine.Piecer.
func (l *leech) HasPiece(i int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.have[i]
}

// Piece implements engine.Piecer: one piece at a time.
func (l *leech) Piece(_ context.Context, i int) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	const block = 16 << 10
	data := make([]byte, l.length(i))
	for at := 0; at < len(data); at += block {
		m := []byte{0, 0, 0, 13, 6}
		for _, n := range []int{i, at, min(block, len(data)-at)} {
			m = binary.BigEndian.AppendUint32(m, uint32(n))
		}
		if _, err := l.conn.Write(m); err != nil {
			return nil, err
		}
	}
	for left := len(data); left > 0; {
		body, err := l.await(7)
		if err != nil {
			return nil, err
		}
		if got := int(binary.BigEndian.Uint32(body)); got != i {
			return nil, fmt.Errorf("a block of piece %d in place of %d", got, i)
		}
		left -= copy(data[binary.BigEndian.Uint32(body[4:]):], body[8:])
	}
	l.have[i] = true
	return data, nil
}
