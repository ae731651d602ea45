package swarm

import (
	"context"
	"crypto/sha1" //nolint:gosec // BEP 3
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"testing"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/swarm"
	"github.com/kith-web/kith/internal/webtransport"
)

const nativePiece = 256 << 10

// noise is a torrent of octets that look random, whole in memory.
type noise struct {
	index engine.Index
	data  []byte
}

func newNoise(size int) *noise {
	n := &noise{data: make([]byte, size)}
	source := rand.NewChaCha8([32]byte{1})
	_, _ = source.Read(n.data)
	var hashes []byte
	for at := 0; at < size; at += nativePiece {
		h := sha1.Sum(n.data[at:min(at+nativePiece, size)]) //nolint:gosec // BEP 3
		hashes = append(hashes, h[:]...)
	}
	info := fmt.Appendf(nil, "d6:lengthi%de4:name9:noise.bin12:piece lengthi%de6:pieces%d:%se", size, nativePiece, len(hashes), hashes)
	n.index = engine.Index{
		Kind: engine.IndexTorrent, Swarm: sha1.Sum(info), Data: info, Pieces: len(hashes) / 20, Bytes: int64(size), //nolint:gosec // BEP 3
	}
	return n
}

func (n *noise) Index(context.Context) (engine.Index, error) { return n.index, nil }

func (n *noise) HasPiece(i int) bool { return i >= 0 && i < n.index.Pieces }

func (n *noise) Piece(_ context.Context, i int) ([]byte, error) {
	if !n.HasPiece(i) {
		return nil, fault.New(fault.NotFound, "there is no piece %d", i)
	}
	return n.data[i*nativePiece : min((i+1)*nativePiece, len(n.data))], nil
}

// startNative serves noise to browsers over WebTransport until t ends, and
// returns what a page has to know, as JSON.
func startNative(t *testing.T, size int) string {
	t.Helper()
	listener, err := webtransport.New(webtransport.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := swarm.New(swarm.Options{})
	listener.Receive(func(name [20]byte, c net.Conn) bool { return server.Take(name, c) })
	n := newNoise(size)
	leave := server.Serve(n.index, n)
	t.Cleanup(func() {
		leave()
		_ = listener.Close()
		_ = server.Close()
	})
	told, err := json.Marshal(map[string]any{
		"swarm": hex.EncodeToString(n.index.Swarm[:]), "index": base64.StdEncoding.EncodeToString(n.index.Data),
		"webtransport": []webtransport.Endpoint{listener.EndpointFor("127.0.0.1")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(told)
}
