package node

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// steadyBodies ends a connection whose request has a body that does not come:
// its next bytes have to arrive within patience. A body may take its time, and so
// may the answer.
func steadyBodies(next http.Handler, patience time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil && r.Body != http.NoBody {
			b := &steadyBody{ReadCloser: r.Body, conn: http.NewResponseController(w), patience: patience}
			b.expect()
			r.Body = b
		}
		next.ServeHTTP(w, r)
	})
}

// steadyBody is the body of a request with a deadline for its next bytes. The
// deadline also holds for what the server itself reads of a body that nobody
// wanted.
type steadyBody struct {
	io.ReadCloser
	conn     *http.ResponseController
	patience time.Duration
}

// A connection without deadlines keeps the body it has.
func (b *steadyBody) expect() { _ = b.conn.SetReadDeadline(time.Now().Add(b.patience)) }

func (b *steadyBody) Read(p []byte) (int, error) {
	b.expect()
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		// From here on the server only looks whether the client is still there.
		_ = b.conn.SetReadDeadline(time.Time{})
	}
	return n, err
}
