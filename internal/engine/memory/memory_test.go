package memory_test

import (
	"bytes"
	"context"
	"io"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/address"
	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/enginetest"
	"github.com/kith-web/kith/internal/engine/memory"
)

func open(t *testing.T, o memory.Options) *memory.Engine {
	t.Helper()
	e, err := memory.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func TestSuite(t *testing.T) {
	for _, as := range []address.Network{address.NetworkIPFS, address.NetworkBitTorrent} {
		t.Run(string(as), func(t *testing.T) {
			network, disks := memory.NewNetwork(), map[engine.Engine]*memory.Disk{}
			start := func(t *testing.T, d *memory.Disk) engine.Engine {
				e := open(t, memory.Options{Network: network, Disk: d, As: as})
				disks[e] = d
				return e
			}
			enginetest.Run(t, enginetest.Harness{
				New: func(t *testing.T) engine.Engine { return start(t, memory.NewDisk()) },
				Reopen: func(t *testing.T, e engine.Engine) engine.Engine {
					if err := e.Close(); err != nil {
						t.Fatal(err)
					}
					return start(t, disks[e])
				},
			})
		})
	}
}

// TestAHeldNetworkPassesPieceByPiece is what tests of streaming stand on.
func TestAHeldNetworkPassesPieceByPiece(t *testing.T) {
	const size = 1000
	network := memory.NewNetwork()
	from := open(t, memory.Options{Network: network, PieceSize: size})
	to := open(t, memory.Options{Network: network, PieceSize: size})
	folder, want := t.TempDir(), enginetest.Bytes(1, 3*size)
	enginetest.Write(t, folder, map[string][]byte{"file": want})
	a, _ := enginetest.Publish(t, from, folder, engine.DraftOptions{})
	if _, err := from.Open(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	site, err := to.Open(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	network.Hold()
	r, w := io.Pipe()
	go func() {
		f, err := site.FS(t.Context()).Open("file")
		if err == nil {
			_, err = f.(engine.File).WriteTo(w)
		}
		w.CloseWithError(err)
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for i := range 3 {
		if err := network.AwaitWaiting(ctx, 1); err != nil {
			t.Fatal(err)
		}
		if s, _ := to.Stats(a); s.Have != i || s.Waiting == "" {
			t.Errorf("after %d pieces: have %d, waiting %q", i, s.Have, s.Waiting)
		}
		network.Pass(1)
		got := make([]byte, size)
		if _, err := io.ReadFull(r, got); err != nil || !bytes.Equal(got, want[i*size:(i+1)*size]) {
			t.Fatalf("piece %d: %v or wrong bytes", i, err)
		}
	}
	if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("after the last piece: %d, %v", n, err)
	}
}

func TestTheFileItselfIsHandedOver(t *testing.T) {
	e := open(t, memory.Options{})
	folder := t.TempDir()
	enginetest.Write(t, folder, map[string][]byte{"file": []byte("0123456789")})
	a, _ := enginetest.Publish(t, e, folder, engine.DraftOptions{})
	site, err := e.Open(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	f, err := site.FS(t.Context()).Open("file")
	if err != nil {
		t.Fatal(err)
	}
	var w readerFrom
	if _, err := f.(engine.File).WriteTo(&w); err != nil || !w.used {
		t.Errorf("WriteTo did not use ReadFrom: %v", err)
	}
	if w.String() != "0123456789" {
		t.Errorf("wrote %q", w.String())
	}
}

type readerFrom struct {
	bytes.Buffer
	used bool
}

func (w *readerFrom) ReadFrom(r io.Reader) (int64, error) {
	w.used = true
	return w.Buffer.ReadFrom(r)
}
