package bittorrent_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"testing"
	"time"

	g "github.com/anacrolix/generics"
	"github.com/anacrolix/torrent"
	"github.com/anacrolix/torrent/bencode"
	"github.com/anacrolix/torrent/metainfo"
	pp "github.com/anacrolix/torrent/peer_protocol"
	"github.com/anacrolix/torrent/storage"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/enginetest"
	"github.com/kith-web/kith/internal/fault"
)

// lies is the storage of a peer that claims to have everything and sends zeros.
type lies struct{}

func (lies) OpenTorrent(context.Context, *metainfo.Info, metainfo.Hash) (storage.TorrentImpl, error) {
	return storage.TorrentImpl{
		PieceWithHash: func(metainfo.Piece, g.Option[[]byte]) storage.PieceImpl { return lies{} },
		Close:         func() error { return nil },
	}, nil
}

func (lies) ReadAt(p []byte, _ int64) (int, error)  { clear(p); return len(p), nil }
func (lies) WriteAt(p []byte, _ int64) (int, error) { return len(p), nil }
func (lies) MarkComplete() error                    { return nil }
func (lies) MarkNotComplete() error                 { return nil }
func (lies) Completion() storage.Completion         { return storage.Completion{Complete: true, Ok: true} }

// index returns the info dictionary of a site.
func index(t *testing.T, n *node, a address.Address) []byte {
	t.Helper()
	h, _ := a.InfoHash()
	data, err := n.o.Store.Get("index/" + metainfo.Hash(h).HexString())
	if err != nil {
		t.Fatal(err)
	}
	var m metainfo.MetaInfo
	if err := bencode.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	return m.InfoBytes
}

// A peer that sends wrong pieces is dropped, nothing of them is read or passed
// on, and an honest peer that comes later serves the site.
func TestWrongPieces(t *testing.T) {
	p := start(t, loopback(t))
	files := enginetest.Large()
	a, _, _ := publish(t, p, files, engine.DraftOptions{})
	h, _ := a.InfoHash()

	c := torrent.NewDefaultClientConfig()
	c.ListenPort, c.DataDir, c.NoDefaultPortForwarding, c.Slogger = 0, t.TempDir(), true, slog.New(slog.DiscardHandler)
	c.ListenHost = func(string) string { return "127.0.0.2" }
	c.DisableIPv6, c.DisableUTP, c.NoDHT, c.Seed, c.DefaultStorage = true, true, true, true, lies{}
	liar, err := torrent.NewClient(c)
	if err != nil {
		t.Fatal(err)
	}
	defer liar.Close()
	liar.AddTorrentOpt(torrent.AddTorrentOpts{InfoHash: h, InfoBytes: index(t, p, a)})

	r := start(t, loopback(t))
	bad := a.Root()
	bad.Hints.Peers = []string{liar.ListenAddrs()[0].String()}
	s, err := r.Open(within(t, 10*time.Second), bad)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // test
	data, err := fs.ReadFile(s.FS(within(t, time.Second)), "index.html")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("read %q, %v from a liar", data, err)
	}
	if st, _ := r.Stats(a); st.Have != 0 || st.Stored != 0 {
		t.Errorf("stored %d pieces of a liar", st.Have)
	}
	waitFor(t, "the liar to be dropped", func() bool {
		st, _ := r.Stats(a)
		return len(st.Peers) == 0
	})
	good := a.Root()
	good.Hints = hints(t, p.Engine)
	again, err := r.Open(within(t, 10*time.Second), good)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close() //nolint:errcheck // test
	data, err = fs.ReadFile(again.FS(within(t, 20*time.Second)), enginetest.BigName)
	if err != nil || !bytes.Equal(data, files[enginetest.BigName]) {
		t.Errorf("from the honest peer: %d bytes, %v", len(data), err)
	}
}

// metadataPeer accepts connections for any torrent and sends info as its index.
func metadataPeer(t *testing.T, info []byte) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.3:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serveMetadata(c, info)
		}
	}()
	return l.Addr().String()
}

func serveMetadata(c net.Conn, info []byte) {
	defer c.Close() //nolint:errcheck // test
	var bits pp.PeerExtensionBits
	bits.SetBit(pp.ExtensionBitLtep, true)
	hello := make([]byte, 68)
	if _, err := c.Read(hello); err != nil {
		return
	}
	reply := append([]byte(pp.Protocol), bits[:]...)
	reply = append(append(reply, hello[28:48]...), "-XX0000-abcdefghijkl"...)
	_, _ = c.Write(reply)
	_, _ = c.Write(pp.Message{Type: pp.Extended, ExtendedID: 0, ExtendedPayload: bencode.MustMarshal(map[string]any{
		"m": map[string]int{"ut_metadata": 3}, "metadata_size": len(info),
	})}.MustMarshalBinary())
	d := pp.Decoder{R: bufio.NewReader(c), MaxLength: 1 << 20}
	ours := pp.ExtensionNumber(0)
	for {
		var m pp.Message
		if err := d.Decode(&m); err != nil {
			return
		}
		if m.Type != pp.Extended {
			continue
		}
		if m.ExtendedID == 0 {
			var h pp.ExtendedHandshakeMessage
			_ = bencode.Unmarshal(m.ExtendedPayload, &h)
			ours = h.M["ut_metadata"]
			continue
		}
		var q pp.ExtendedMetadataRequestMsg
		_ = bencode.Unmarshal(m.ExtendedPayload, &q)
		part := info[q.Piece<<14 : min(len(info), (q.Piece+1)<<14)]
		head := bencode.MustMarshal(pp.ExtendedMetadataRequestMsg{Type: 1, Piece: q.Piece, TotalSize: len(info)})
		_, _ = c.Write(pp.Message{
			Type: pp.Extended, ExtendedID: ours, ExtendedPayload: append(head, part...),
		}.MustMarshalBinary())
	}
}

// Peers that send an index which is not the one asked for, or is hostile, do no
// harm: the wire library's decoder would overflow the stack on the first of them.
func TestHostileMetadata(t *testing.T) {
	climbing := []byte("d5:filesld6:lengthi1e4:pathl2:..1:aeee4:name1:s12:piece lengthi16384e6:pieces20:hhhhhhhhhhhhhhhhhhhhe")
	deep := bytes.Repeat([]byte("l"), 8<<20)
	for name, c := range map[string]struct {
		info []byte
		hash [20]byte
		kind fault.Kind
	}{
		"another torrent's":       {climbing, [20]byte{1}, fault.Unreachable},
		"bottomless":              {deep, [20]byte{2}, fault.Unreachable},
		"bottomless, as promised": {deep, metainfo.HashBytes(deep), fault.Corrupt},
		"climbing, as promised":   {climbing, metainfo.HashBytes(climbing), fault.Corrupt},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, loopback(t))
			a := address.FromInfoHash(c.hash)
			a.Hints.Peers = []string{metadataPeer(t, c.info)}
			patience := 20 * time.Second
			if c.kind == fault.Unreachable {
				patience = 2 * time.Second
			}
			s, err := r.Open(within(t, patience), a)
			if fault.KindOf(err) != c.kind {
				t.Errorf("Open = %v, %v; want an error of kind %s", s, err, c.kind)
			}
		})
	}
}
