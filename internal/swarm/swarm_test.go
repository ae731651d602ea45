package swarm_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/enginetest"
	"github.com/kith-web/kith/internal/engine/memory"
	"github.com/kith-web/kith/internal/swarm"
)

// patience is for what happens soon on a computer that is not busy.
const patience = 30 * time.Second

// site publishes files with an engine in memory.
func site(t *testing.T, files map[string][]byte) (engine.Piecer, engine.Index) {
	t.Helper()
	e, err := memory.New(memory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	folder := t.TempDir()
	enginetest.Write(t, folder, files)
	a, _ := enginetest.Publish(t, e, folder, engine.DraftOptions{})
	s, err := e.Open(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return index(t, s)
}

func index(t *testing.T, s engine.Site) (engine.Piecer, engine.Index) {
	t.Helper()
	p, ok := s.(engine.Piecer)
	if !ok {
		t.Fatal("the site is no engine.Piecer")
	}
	x, err := p.Index(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p, x
}

func serve(t *testing.T, o swarm.Options) *swarm.Server {
	t.Helper()
	s := swarm.New(o)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// leech is a peer that fetches, written for the tests: what it knows of the
// protocol is its own.
type leech struct {
	t    *testing.T
	conn net.Conn
	name [20]byte
	fast bool
}

// meet connects a leech with a server, over a socket.
func meet(t *testing.T, s *swarm.Server, name [20]byte, fast bool) *leech {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // test
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	other, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if !s.Take(name, other) {
		t.Fatal("the swarm is not known")
	}
	_ = c.SetDeadline(time.Now().Add(patience))
	return &leech{t: t, conn: c, name: name, fast: fast}
}

// greet exchanges handshakes.
func (l *leech) greet() error {
	reserved := []byte{0, 0, 0, 0, 0, 0x10, 0, 0}
	if l.fast {
		reserved[7] = 4
	}
	out := append([]byte("\x13BitTorrent protocol"), reserved...)
	out = append(append(out, l.name[:]...), "-TT0001-abcdefghijkl"...)
	ext := "d1:v5:leeche"
	out = append(out, 0, 0, 0, byte(2+len(ext)), 20, 0)
	out = append(out, ext...)
	if _, err := l.conn.Write(out); err != nil {
		return err
	}
	in := make([]byte, 68)
	if _, err := io.ReadFull(l.conn, in); err != nil {
		return err
	}
	if !bytes.HasPrefix(in, []byte("\x13BitTorrent protocol")) || [20]byte(in[28:48]) != l.name || in[25]&0x10 == 0 || in[27]&4 == 0 {
		return fmt.Errorf("the handshake %x", in)
	}
	return nil
}

// say sends a message of numbers.
func (l *leech) say(kind byte, numbers ...uint32) {
	m := binary.BigEndian.AppendUint32(nil, uint32(1+4*len(numbers)))
	m = append(m, kind)
	for _, n := range numbers {
		m = binary.BigEndian.AppendUint32(m, n)
	}
	_, _ = l.conn.Write(m)
}

// hear returns the next message that is no keep-alive.
func (l *leech) hear() (kind byte, body []byte, err error) {
	for {
		var head [4]byte
		if _, err := io.ReadFull(l.conn, head[:]); err != nil {
			return 0, nil, err
		}
		n := binary.BigEndian.Uint32(head[:])
		if n == 0 {
			continue
		}
		if n > 1<<20 {
			return 0, nil, fmt.Errorf("a message of %d octets", n)
		}
		body = make([]byte, n)
		if _, err := io.ReadFull(l.conn, body); err != nil {
			return 0, nil, err
		}
		return body[0], body[1:], nil
	}
}

// await reads up to a message of a kind.
func (l *leech) await(kind byte) ([]byte, error) {
	for {
		got, body, err := l.hear()
		if err != nil {
			return nil, fmt.Errorf("waiting for a message of kind %d: %w", kind, err)
		}
		if got == kind {
			return body, nil
		}
	}
}

// lengths are the lengths of the pieces in the index of a site in memory, whose
// hashes are.
func lengths(t *testing.T, x engine.Index) (sizes []int, hashes []string) {
	t.Helper()
	var m struct {
		PieceSize int
		Files     []struct {
			Size   int
			Pieces []string
		}
	}
	if err := json.Unmarshal(x.Data, &m); err != nil {
		t.Fatal(err)
	}
	for _, f := range m.Files {
		for i, h := range f.Pieces {
			sizes = append(sizes, min(m.PieceSize, f.Size-i*m.PieceSize))
			hashes = append(hashes, h)
		}
	}
	return sizes, hashes
}

// fetch takes a piece in blocks.
func (l *leech) fetch(i, size int) ([]byte, error) {
	const length = 16 << 10
	for at := 0; at < size; at += length {
		l.say(6, uint32(i), uint32(at), uint32(min(length, size-at)))
	}
	data := make([]byte, size)
	for got := 0; got < size; {
		body, err := l.await(7)
		if err != nil {
			return nil, err
		}
		if at := binary.BigEndian.Uint32(body[4:]); binary.BigEndian.Uint32(body) != uint32(i) || int(at) != got {
			return nil, fmt.Errorf("a block at %d of piece %d", at, binary.BigEndian.Uint32(body))
		}
		got += copy(data[got:], body[8:])
	}
	return data, nil
}

// all takes every piece and checks it.
func (l *leech) all(x engine.Index) error {
	sizes, hashes := lengths(l.t, x)
	for i, size := range sizes {
		data, err := l.fetch(i, size)
		if err != nil {
			return fmt.Errorf("piece %d: %w", i, err)
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != hashes[i] {
			return fmt.Errorf("piece %d is wrong", i)
		}
	}
	return nil
}

func TestAPeerGetsEveryPiece(t *testing.T) {
	p, x := site(t, enginetest.Large())
	s := serve(t, swarm.Options{Client: "The seeder"})
	defer s.Serve(x, p)()
	for _, fast := range []bool{true, false} {
		l := meet(t, s, x.Swarm, fast)
		if err := l.greet(); err != nil {
			t.Fatal(err)
		}
		ext, err := l.await(20)
		if err != nil || !bytes.Contains(ext, []byte("1:v10:The seeder")) {
			t.Fatalf("extension handshake %q, %v", ext, err)
		}
		what := byte(5)
		if fast {
			what = 14 // have all
		}
		have, err := l.await(what)
		if err != nil {
			t.Fatal(err)
		}
		if !fast && len(have) != (x.Pieces+7)/8 {
			t.Errorf("a bitfield of %d octets for %d pieces", len(have), x.Pieces)
		}
		l.say(2) // interested
		if _, err := l.await(1); err != nil {
			t.Fatal(err)
		}
		if err := l.all(x); err != nil {
			t.Fatal(err)
		}
	}
	w, ok := s.Find(x.Swarm)
	if !ok || w.Uploaded() != 2*x.Bytes {
		t.Errorf("uploaded %d of twice %d", w.Uploaded(), x.Bytes)
	}
	peers := w.Peers()
	if len(peers) != 2 || peers[0].Client != "leech" || peers[0].Uploaded != x.Bytes || peers[0].Kind != engine.PeerTCP {
		t.Errorf("peers: %+v", peers)
	}
}

// TestWhatIsNotThereIsRefused asks for what there is not, and for what is not a
// block: a peer that may be mistaken is refused, one that cannot be is left.
func TestWhatIsNotThereIsRefused(t *testing.T) {
	p, x := site(t, map[string][]byte{"file": enginetest.Bytes(1, 100_000)})
	s := serve(t, swarm.Options{})
	defer s.Serve(x, p)()
	start := func() *leech {
		l := meet(t, s, x.Swarm, true)
		if err := l.greet(); err != nil {
			t.Fatal(err)
		}
		l.say(2)
		if _, err := l.await(1); err != nil {
			t.Fatal(err)
		}
		return l
	}
	l := start()
	for _, b := range [][3]uint32{{1, 100_000 - 65536, 1}, {0, 65530, 7}, {0, 1 << 31, 16384}, {0, 1<<32 - 1, 1<<17 - 1}} {
		l.say(6, b[0], b[1], b[2])
		body, err := l.await(16)
		if err != nil || binary.BigEndian.Uint32(body[4:]) != b[1] || binary.BigEndian.Uint32(body[8:]) != b[2] {
			t.Errorf("request %v: rejected %v, %v", b, body, err)
		}
	}
	if _, err := l.fetch(0, 65536); err != nil {
		t.Errorf("after refusals: %v", err)
	}
	for _, b := range [][3]uint32{{2, 0, 1}, {1<<32 - 1, 0, 1}, {0, 0, 0}, {0, 0, 1<<17 + 1}, {0, 0, 1<<32 - 1}} {
		l := start()
		l.say(6, b[0], b[1], b[2])
		if _, err := l.await(16); !left(err) {
			t.Errorf("request %v: %v; want the connection ended", b, err)
		}
	}
	for name, m := range map[string][]byte{
		"endless":             {0xff, 0xff, 0xff, 0xff, 20},
		"a wrong bitfield":    {0, 0, 0, 3, 5, 0, 0},
		"a short request":     {0, 0, 0, 5, 6, 0, 0, 0, 0},
		"a block":             {0, 0, 0, 10, 7, 0, 0, 0, 0, 0, 0, 0, 0, 1},
		"a long have":         {0, 0, 0, 6, 4, 0, 0, 0, 0, 0},
		"an endless unknown":  {0x10, 0, 0, 0, 99},
		"interest and a half": {0, 0, 0, 2, 2, 0},
	} {
		l := start()
		_, _ = l.conn.Write(m)
		if _, err := l.await(16); !left(err) {
			t.Errorf("%s: %v; want the connection ended", name, err)
		}
	}
}

// left reports whether the other side ended the connection.
func left(err error) bool {
	var timeout net.Error
	return err != nil && (!errors.As(err, &timeout) || !timeout.Timeout())
}

func TestFloodsEnd(t *testing.T) {
	p, x := site(t, map[string][]byte{"file": enginetest.Bytes(1, 1<<20)})
	s := serve(t, swarm.Options{MaxRequests: 10, UploadRate: 1 << 10})
	defer s.Serve(x, p)()
	l := meet(t, s, x.Swarm, true)
	if err := l.greet(); err != nil {
		t.Fatal(err)
	}
	l.say(2)
	if _, err := l.await(1); err != nil {
		t.Fatal(err)
	}
	go func() {
		for range 1000 {
			l.say(6, 0, 0, 16<<10)
		}
	}()
	if _, err := l.await(99); !left(err) {
		t.Errorf("%v; want the connection ended", err)
	}
}

func TestCancelledBlocksDoNotCome(t *testing.T) {
	p, x := site(t, map[string][]byte{"file": enginetest.Bytes(1, 4<<20)})
	s := serve(t, swarm.Options{UploadRate: 64 << 10})
	defer s.Serve(x, p)()
	l := meet(t, s, x.Swarm, true)
	if err := l.greet(); err != nil {
		t.Fatal(err)
	}
	l.say(2)
	if _, err := l.await(1); err != nil {
		t.Fatal(err)
	}
	for i := range uint32(20) { // the rate lets eight through, and the ninth after 250 ms
		l.say(6, i, 0, 16<<10)
	}
	for i := range uint32(20) {
		l.say(8, 19-i, 0, 16<<10)
	}
	blocks, rejects := 0, 0
	for blocks+rejects < 20 {
		kind, _, err := l.hear()
		if err != nil {
			t.Fatalf("after %d blocks and %d refusals: %v", blocks, rejects, err)
		}
		switch kind {
		case 7:
			blocks++
		case 16:
			rejects++
		}
	}
	if rejects == 0 {
		t.Error("every block came in spite of being cancelled")
	}
}

// TestPeersWaitForASlot has more peers than slots: all are served in the end,
// and never more at a time than there are slots.
func TestPeersWaitForASlot(t *testing.T) {
	p, x := site(t, map[string][]byte{"file": enginetest.Bytes(1, 200_000)})
	s := serve(t, swarm.Options{Slots: 1, Rotate: 50 * time.Millisecond, LookEvery: 10 * time.Millisecond})
	defer s.Serve(x, p)()
	var work sync.WaitGroup
	for range 3 {
		l := meet(t, s, x.Swarm, true)
		if err := l.greet(); err != nil {
			t.Fatal(err)
		}
		l.say(2)
		work.Go(func() {
			if _, err := l.await(1); err != nil {
				t.Errorf("a peer that waited: %v", err)
			}
		})
	}
	work.Wait()
	l := meet(t, s, x.Swarm, true)
	if err := l.greet(); err != nil {
		t.Fatal(err)
	}
	l.say(6, 0, 0, 1) // while it waits
	if _, err := l.await(16); err != nil {
		t.Errorf("a request without a slot: %v", err)
	}
}

// TestPeersAreToldOfPiecesThatCome serves a site that has nothing yet.
func TestPeersAreToldOfPiecesThatCome(t *testing.T) {
	network := memory.NewNetwork()
	from, err := memory.New(memory.Options{Network: network})
	if err != nil {
		t.Fatal(err)
	}
	to, err := memory.New(memory.Options{Network: network})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = from.Close(), to.Close() })
	folder := t.TempDir()
	enginetest.Write(t, folder, map[string][]byte{"file": enginetest.Bytes(3, 200_000)})
	a, _ := enginetest.Publish(t, from, folder, engine.DraftOptions{})
	if _, err := from.Open(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	own, err := to.Open(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	p, x := index(t, own)
	s := serve(t, swarm.Options{LookEvery: 10 * time.Millisecond})
	defer s.Serve(x, p)()
	l := meet(t, s, x.Swarm, true)
	if err := l.greet(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.await(15); err != nil { // have none
		t.Fatal(err)
	}
	l.say(2)
	if _, err := l.await(1); err != nil {
		t.Fatal(err)
	}
	l.say(6, 1, 0, 1000)
	if _, err := l.await(16); err != nil {
		t.Errorf("a piece that is not on disk: %v", err)
	}
	if err := own.Complete(t.Context()); err != nil {
		t.Fatal(err)
	}
	told := map[uint32]bool{}
	for len(told) < x.Pieces {
		body, err := l.await(4)
		if err != nil {
			t.Fatalf("told of %d pieces of %d: %v", len(told), x.Pieces, err)
		}
		told[binary.BigEndian.Uint32(body)] = true
	}
	if err := l.all(x); err != nil {
		t.Error(err)
	}
}

// TestAPieceThatWentIsRefused takes the file away behind the seeder's back.
func TestAPieceThatWentIsRefused(t *testing.T) {
	p, x := site(t, map[string][]byte{"file": enginetest.Bytes(1, 200_000)})
	s := serve(t, swarm.Options{PieceTime: 100 * time.Millisecond})
	defer s.Serve(x, lying{p})()
	l := meet(t, s, x.Swarm, true)
	if err := l.greet(); err != nil {
		t.Fatal(err)
	}
	l.say(2)
	if _, err := l.await(1); err != nil {
		t.Fatal(err)
	}
	l.say(6, 1, 0, 1000)
	if _, err := l.await(16); err != nil {
		t.Error(err)
	}
}

// lying says that pieces are there which it cannot read.
type lying struct{ engine.Piecer }

func (lying) Piece(ctx context.Context, _ int) ([]byte, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestStrangersAreLeft(t *testing.T) {
	p, x := site(t, map[string][]byte{"file": []byte("x")})
	s := serve(t, swarm.Options{MaxSwarmPeers: 1, HandshakeTime: 300 * time.Millisecond})
	leave := s.Serve(x, p)
	if s.Take([20]byte{1}, nil) {
		t.Error("a swarm that is not served was taken")
	}
	silent := meet(t, s, x.Swarm, true)
	second := meet(t, s, x.Swarm, true)
	if err := second.greet(); !left(err) {
		t.Errorf("a second peer: %v; want it left", err)
	}
	if _, err := silent.conn.Read(make([]byte, 1)); !left(err) {
		t.Errorf("a silent peer: %v; want it left", err)
	}
	for s.Peers() > 0 {
		time.Sleep(time.Millisecond)
	}
	other := meet(t, s, x.Swarm, true)
	other.name[0]++
	if err := other.greet(); !left(err) {
		t.Errorf("a peer of another swarm: %v; want it left", err)
	}
	for s.Peers() > 0 {
		time.Sleep(time.Millisecond)
	}
	last := meet(t, s, x.Swarm, true)
	if err := last.greet(); err != nil {
		t.Fatal(err)
	}
	leave()
	if _, err := last.await(99); !left(err) {
		t.Errorf("after the end of the swarm: %v; want the connection ended", err)
	}
	if _, ok := s.Find(x.Swarm); ok {
		t.Error("the swarm is still served")
	}
}
