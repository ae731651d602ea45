package store_test

import (
	"fmt"
	"testing"
)

func BenchmarkGet(b *testing.B) {
	bk := bucket(b, open(b, b.TempDir()), "x")
	puts := map[string][]byte{}
	for i := range 10000 {
		puts[fmt.Sprintf("key/%d", i)] = make([]byte, 100)
	}
	if err := bk.Apply(puts, nil); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := bk.Get("key/5000"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPut(b *testing.B) {
	bk := bucket(b, open(b, b.TempDir()), "x")
	value := make([]byte, 100)
	for b.Loop() {
		if err := bk.Put("key", value); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkApply1000(b *testing.B) {
	bk := bucket(b, open(b, b.TempDir()), "x")
	puts := map[string][]byte{}
	for i := range 1000 {
		puts[fmt.Sprintf("key/%d", i)] = make([]byte, 100)
	}
	for b.Loop() {
		if err := bk.Apply(puts, nil); err != nil {
			b.Fatal(err)
		}
	}
}
