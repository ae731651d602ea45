package site_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/kith-web/kith/internal/engine"
	"github.com/kith-web/kith/internal/engine/enginetest"
	"github.com/kith-web/kith/internal/engine/memory"
	"github.com/kith-web/kith/internal/site"
	"github.com/kith-web/kith/internal/store"
)

// BenchmarkOpen is what every HTTP request pays before the first byte.
func BenchmarkOpen(b *testing.B) {
	e, err := memory.New(memory.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	folder := b.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "index.html"), []byte("x"), 0o600); err != nil {
		b.Fatal(err)
	}
	a, _ := enginetest.Publish(b, e, folder, engine.DraftOptions{})
	s, err := store.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	bucket, err := s.Bucket("site")
	if err != nil {
		b.Fatal(err)
	}
	m, err := site.New(site.Options{Engines: []engine.Engine{e}, Resolver: &names{}, Store: bucket})
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	for _, parallel := range []bool{false, true} {
		name := "alone"
		if parallel {
			name = "together"
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			once := func() {
				h, err := m.Open(b.Context(), a)
				if err != nil {
					b.Fatal(err)
				}
				h.Close()
			}
			if !parallel {
				for b.Loop() {
					once()
				}
				return
			}
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					once()
				}
			})
		})
	}
}
