package node

import (
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// TestConnectionsAreBounded: one too many waits until another is over, and the
// server hands out connections that take files from the kernel.
func TestConnectionsAreBounded(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := newBounded(l, make(places, 2))
	server := &http.Server{ConnState: b.places.connState, ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(
		func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "here") })}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(b) }()

	ask := func() net.Conn {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		return c
	}
	answered := func(c net.Conn, within time.Duration) bool {
		_ = c.SetReadDeadline(time.Now().Add(within))
		_, err := io.ReadFull(c, make([]byte, 4))
		return err == nil
	}
	first, second, third := ask(), ask(), ask()
	if !answered(first, 10*time.Second) || !answered(second, 10*time.Second) {
		t.Fatal("connections within the bound are not served")
	}
	if answered(third, 100*time.Millisecond) {
		t.Error("a connection over the bound is served")
	}
	_ = first.Close()
	if !answered(third, 10*time.Second) {
		t.Error("a place that was free again was not given away")
	}
	ask() // waits for a place while the server ends
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != http.ErrServerClosed {
		t.Errorf("the server ended with %v", err)
	}
}
