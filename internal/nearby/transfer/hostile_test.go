package transfer_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/nearby/door"
	"github.com/kith-web/kith/internal/nearby/transfer"
)

// say writes a message of the control stream.
func say(t *testing.T, w io.Writer, m any) error {
	t.Helper()
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), data...))
	return err
}

func TestAListOfFilesIsBounded(t *testing.T) {
	a, b := newDevice(t), newDevice(t)
	sender, receiver := sessions(a, b)
	t.Cleanup(func() { _ = sender.Close() })
	const count, batch = 100_000, 200
	go func() {
		stream, err := sender.Open(t.Context())
		if err == nil {
			err = say(t, stream, map[string]any{"type": "offer", "count": count})
		}
		for i := 0; err == nil && i < count; i += batch {
			files := make([]transfer.File, batch)
			for k := range files {
				files[k].Path = fmt.Sprintf("%d/%s", i+k, strings.Repeat(strings.Repeat("x", 199)+"/", 20))
				files[k].Path = strings.TrimSuffix(files[k].Path, "/")
			}
			err = say(t, stream, map[string]any{"type": "files", "files": files})
		}
	}()
	_, err := transfer.Receive(t.Context(), receiver, 0)
	if fault.KindOf(err) != fault.TooLarge {
		t.Errorf("400 MB of names: %v", err)
	}
}

func TestMoreThanTheDiskHasCostsNothing(t *testing.T) {
	a, b := newDevice(t), newDevice(t)
	sender, receiver := sessions(a, b)
	t.Cleanup(func() { _ = sender.Close() })
	go func() {
		stream, err := sender.Open(t.Context())
		if err == nil {
			const size = 1 << 50
			err = errors.Join(
				say(t, stream, map[string]any{"type": "offer", "count": 1, "total": size}),
				say(t, stream, map[string]any{"type": "files", "files": []transfer.File{{Path: "x", Size: size}}}),
			)
		}
		if err == nil {
			_, _ = io.Copy(io.Discard, stream)
		}
	}()
	o, err := transfer.Receive(t.Context(), receiver, 0)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = o.Accept(t.Context(), transfer.AcceptOptions{Dir: dir, Bulk: b.bulk})
	runtime.ReadMemStats(&after)
	if kind := fault.KindOf(err); kind != fault.NoSpace {
		t.Errorf("a petabyte: %v", err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
		t.Errorf("%d bytes of memory were taken for it", used)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("there is %v, %v", left, err)
	}
}

// Who shows no ticket is nobody yet, and keeps the place of one that shakes hands.
func TestStrangersWithoutATicketAreBounded(t *testing.T) {
	b, stranger := newDevice(t), newDevice(t)
	d, err := door.Listen(door.Options{Certificate: b.cert, Listen: "127.0.0.1:0", MaxPending: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	transfer.NewBulk(d, b.cert)
	at := fmt.Sprintf("127.0.0.1:%d", d.Port())
	in := 0
	for range 8 {
		c, err := door.Dial(t.Context(), at, transfer.BulkProtocol, stranger.cert, b.fp)
		if err != nil {
			continue
		}
		t.Cleanup(func() { _ = c.Close() })
		// The server is through with the handshake, too, when it has a place for another.
		_ = c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if _, err := c.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
			in++
		}
	}
	if in > 4 {
		t.Errorf("%d strangers came in, and 4 may", in)
	}
}

// listenTo reads the next message of the control stream.
func listenTo(r io.Reader) (m map[string]any, err error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	data := make([]byte, binary.BigEndian.Uint32(head[:]))
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, err
	}
	return m, json.Unmarshal(data, &m)
}

// A sender says where other receivers are. That must not make a receiver connect
// here and there without end.
func TestFewerReceiversAreMetThanASenderMakesUp(t *testing.T) {
	a, b := newDevice(t), newDevice(t)
	sender, receiver := sessions(a, b)
	t.Cleanup(func() { _ = sender.Close() })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var met atomic.Int32
	enough := make(chan struct{}) // were met, and more may be on their way
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
			if met.Add(1) == 8 {
				close(enough)
			}
		}
	}()
	done := receive(t.Context(), receiver, transfer.AcceptOptions{Dir: t.TempDir(), Bulk: b.bulk})
	stream, err := sender.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(
		say(t, stream, map[string]any{"type": "offer", "count": 1, "total": 1, "group": 2}),
		say(t, stream, map[string]any{"type": "files", "files": []transfer.File{{Path: "x", Size: 1}}}),
	)
	if m, e := listenTo(stream); e != nil || m["type"] != "accept" {
		t.Fatalf("%v, %v", m, e)
	}
	go func() { _, _ = io.Copy(io.Discard, stream) }()
	err = errors.Join(err, say(t, stream, map[string]any{"type": "start", "index": 1}))
	bulk, e := sender.Open(t.Context())
	if e == nil {
		_, e = bulk.Write([]byte{0})
	}
	if err = errors.Join(err, e); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		err := say(t, stream, map[string]any{"type": "peer", "peer": map[string]any{
			"index": 2 + i, "fingerprint": make([]byte, 32), "ticket": make([]byte, 32), "addrs": []string{l.Addr().String()}, "dial": true,
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-enough:
	case <-time.After(30 * time.Second):
		t.Fatal("nobody is met")
	}
	if err := say(t, stream, map[string]any{"type": "bye"}); err != nil {
		t.Fatal(err)
	}
	<-done // and with it all that was under way
	if n := met.Load(); n > 8 {
		t.Errorf("%d made-up receivers of a group of 2 were connected to", n)
	}
}
