package enginetest

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/fault"
)

// piecer is the site's engine.Piecer, or the test is skipped.
func piecer(t *testing.T, s engine.Site) engine.Piecer {
	t.Helper()
	p, ok := s.(engine.Piecer)
	if !ok {
		t.Skip("the engine's sites do not implement engine.Piecer")
	}
	return p
}

// openIndex returns the site's index, opened by code of the test's own.
func openIndex(t *testing.T, ctx context.Context, p engine.Piecer) (engine.Index, book) {
	t.Helper()
	x, err := p.Index(ctx)
	if err != nil {
		t.Fatalf("Index: %v", err)
	}
	b, err := openBook(x)
	if err != nil {
		t.Fatalf("the index of kind %q cannot be read: %v", x.Kind, err)
	}
	if len(b.verify) != x.Pieces {
		t.Fatalf("Index.Pieces = %d, and the index lists %d", x.Pieces, len(b.verify))
	}
	if b.swarm != x.Swarm {
		t.Errorf("Index.Swarm = %x, want %x", x.Swarm, b.swarm)
	}
	return x, b
}

// piecesVerify opens sites here and at a peer, and holds every piece against the
// index and every file against what the pieces amount to.
func piecesVerify(t *testing.T, h Harness) {
	for name, files := range map[string]map[string][]byte{"tree": Tree(), "large": Large()} {
		t.Run(name, func(t *testing.T) {
			s := h.serve(t, files)
			own := CheckPieces(t, h.ctx(t), piecer(t, s.site), files)
			site := h.open(t, h.reader(t, s.by), s.address)
			x := CheckPieces(t, h.ctx(t), piecer(t, site), files)
			if !bytes.Equal(x.Data, own.Data) || x.Swarm != own.Swarm || x.Pieces != own.Pieces || x.Kind != own.Kind {
				t.Error("the publisher's index is not its peer's")
			}
		})
	}
}

// CheckPieces takes all pieces of a site, many at a time, holds each against the
// index, and demands that they amount to files. It returns the index.
func CheckPieces(t *testing.T, ctx context.Context, p engine.Piecer, files map[string][]byte) engine.Index {
	t.Helper()
	x, b := openIndex(t, ctx, p)
	pieces := make([][]byte, x.Pieces)
	next := make(chan int)
	var work sync.WaitGroup
	for range 16 {
		work.Go(func() {
			for i := range next {
				data, err := p.Piece(ctx, i)
				switch {
				case err != nil:
					t.Errorf("piece %d: %v", i, err)
				case !b.verify[i](data):
					t.Errorf("piece %d of %d bytes is not what the index says", i, len(data))
				case !p.HasPiece(i):
					t.Errorf("piece %d was given and is not on disk", i)
				}
				pieces[i] = data
			}
		})
	}
	var total int64
	for i := range pieces {
		next <- i
	}
	close(next)
	work.Wait()
	if t.Failed() {
		t.FailNow()
	}
	for _, data := range pieces {
		total += int64(len(data))
	}
	if x.Bytes != total {
		t.Errorf("Index.Bytes = %d; the pieces have %d", x.Bytes, total)
	}
	b.check(t, pieces, files)
	return x
}

// piecesEnd asks for what is not there.
func piecesEnd(t *testing.T, h Harness) {
	s := h.serve(t, Tree())
	p := piecer(t, s.site)
	x, _ := openIndex(t, h.ctx(t), p)
	for _, i := range []int{-1, x.Pieces, x.Pieces + 1, 1 << 40} {
		if _, err := p.Piece(h.ctx(t), i); fault.KindOf(err) != fault.NotFound {
			t.Errorf("Piece(%d): %v; want an error of kind %s", i, err, fault.NotFound)
		}
		if p.HasPiece(i) {
			t.Errorf("HasPiece(%d) of %d", i, x.Pieces)
		}
	}
	cause := errors.New("the person went away")
	ctx, cancel := context.WithCancelCause(h.ctx(t))
	cancel(cause)
	if _, err := p.Index(ctx); err != nil && !errors.Is(err, cause) {
		t.Errorf("Index: %v; want the index or the cause of its context", err)
	}
	if err := s.by.Remove(h.ctx(t), s.address); err != nil {
		t.Fatal(err)
	}
	if data, err := p.Piece(h.ctx(t), 0); err == nil {
		t.Errorf("a removed site gave a piece of %d bytes", len(data))
	}
	if p.HasPiece(0) {
		t.Error("a removed site has pieces")
	}
}

// piecesWait takes a file away from under the publisher: its pieces are waited
// for, others come.
func piecesWait(t *testing.T, h Harness) {
	s := h.serve(t, Large())
	_ = piecer(t, s.site)
	site := h.open(t, h.reader(t, s.by), s.address)
	p := piecer(t, site)
	x, b := openIndex(t, h.ctx(t), p)
	if err := os.Remove(filepath.Join(s.folder, filepath.FromSlash(BigName))); err != nil {
		t.Fatal(err)
	}
	missing := b.inside(t, BigName)
	if p.HasPiece(missing) {
		t.Fatal("a piece that nobody asked for is on disk")
	}
	cause := errors.New("the person went away")
	ctx, cancel := context.WithCancelCause(h.ctx(t))
	failed := make(chan error, 1)
	go func() {
		_, err := p.Piece(ctx, missing)
		failed <- err
	}()
	select {
	case err := <-failed:
		t.Fatalf("Piece(%d) of %d ended by itself: %v", missing, x.Pieces, err)
	case <-time.After(100 * time.Millisecond): // not to wait for something, but to see that nothing comes
	}
	cancel(cause)
	if err := receive(t, h, failed); !errors.Is(err, cause) {
		t.Errorf("Piece ended with %v; want the cause of its context", err)
	}
}

// piecesOfEditedFile edits a published file so that neither its size nor its
// modification time tell.
func piecesOfEditedFile(t *testing.T, h Harness) {
	s := h.serve(t, Large())
	p := piecer(t, s.site)
	_, b := openIndex(t, h.ctx(t), p)
	i := b.inside(t, BigName)
	Write(t, s.folder, map[string][]byte{BigName: Bytes(77, BigSize)})
	ctx, cancel := context.WithTimeout(h.ctx(t), 200*time.Millisecond)
	defer cancel()
	if data, err := p.Piece(ctx, i); err == nil {
		t.Errorf("a piece of %d bytes came from an edited file; it verifies: %v", len(data), b.verify[i](data))
	}
}
