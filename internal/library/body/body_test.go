package body_test

import (
	"bytes"
	"crypto/rand"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/kith-web/kith/internal/library/body"
)

func TestABodyGoesOnAfterItWasCut(t *testing.T) {
	path, key := filepath.Join(t.TempDir(), "d", "x"), make([]byte, body.KeySize)
	content := make([]byte, 300_000)
	_, _ = rand.Read(content)
	h := body.NewTag(key)
	h.Write(content)
	want := body.Sum(h)
	for _, cut := range []int64{0, 1, 65_536 + 27, 65_536 + 28, 3 * (65_536 + 28), 200_000} {
		w, err := body.Create(path, key, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil || w.Pause() != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path+".part", cut); err != nil {
			t.Fatal(err)
		}
		if w, err = body.Resume(path, key, rand.Reader); err != nil {
			t.Fatal(err)
		}
		if at := cut / (65_536 + 28) * 65_536; w.Size() != at {
			t.Errorf("cut at %d: goes on at %d, want %d", cut, w.Size(), at)
		}
		if _, err := w.Write(content[w.Size():]); err != nil {
			t.Fatal(err)
		}
		if tag, err := w.Finish(); tag != want || err != nil {
			t.Errorf("cut at %d: tag %x, %v", cut, tag, err)
		}
		r, err := body.Open(path, key, int64(len(content)))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); !bytes.Equal(got, content) || err != nil {
			t.Errorf("cut at %d: %d octets, %v", cut, len(got), err)
		}
		_ = r.Close()
		if err := body.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

func TestChunksOpenInTheirPlaceAlone(t *testing.T) {
	path, key := filepath.Join(t.TempDir(), "x"), make([]byte, body.KeySize)
	w, err := body.Create(path, key, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 3*65_536)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Finish(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const chunk = 65_536 + 28
	swapped := append(append(bytes.Clone(data[chunk:2*chunk]), data[:chunk]...), data[2*chunk:]...)
	if err := os.WriteFile(path, swapped, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := body.Open(path, key, 3*65_536)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err == nil || len(got) > 0 {
		t.Errorf("%d octets of swapped chunks: %v", len(got), err)
	}
}
