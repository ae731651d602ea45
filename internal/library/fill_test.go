package library_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/kith-web/kith/internal/library"
)

// fill puts many small documents into a library, in folders of a thousand.
func fill(t testing.TB, l *library.Library, n int, audience func(i int) *library.Audience) {
	t.Helper()
	var docs []library.Document
	for i := range n {
		d := library.Document{Path: fmt.Sprintf("docs/%d/file %d.txt", i%100, i), Body: []byte("x")}
		if audience != nil {
			d.Audience = *audience(i)
		}
		docs = append(docs, d)
	}
	for len(docs) > 0 {
		k := min(len(docs), 2000)
		if _, err := l.PutMany(context.Background(), docs[:k]); err != nil {
			t.Fatal(err)
		}
		docs = docs[k:]
	}
}
