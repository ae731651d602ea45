package node

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const testPatience = 100 * time.Millisecond

// send begins a POST with a body of so many bytes.
func send(t *testing.T, server *httptest.Server, length int, begin string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", length, begin); err != nil {
		t.Fatal(err)
	}
	return c
}

func serveSteady(t *testing.T, f http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(steadyBodies(f, testPatience))
	t.Cleanup(server.Close)
	return server
}

// TestABodyThatDoesNotComeIsNotWaitedFor: neither by who wants it, nor by the
// server, which throws away what nobody wanted.
func TestABodyThatDoesNotComeIsNotWaitedFor(t *testing.T) {
	for name, f := range map[string]http.HandlerFunc{
		"wanted": func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.ReadAll(r.Body); err == nil {
				t.Error("a body that never came was read")
			}
			w.WriteHeader(http.StatusBadRequest)
		},
		"unwanted": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
	} {
		t.Run(name, func(t *testing.T) {
			c := send(t, serveSteady(t, f), 1000, "{")
			if _, err := io.Copy(io.Discard, c); err != nil {
				t.Errorf("the connection was kept: %v", err)
			}
		})
	}
}

func TestASlowBodyArrives(t *testing.T) {
	const pieces = 5
	server := serveSteady(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%d %v", len(body), err)
	})
	c := send(t, server, pieces, "")
	for range pieces {
		time.Sleep(testPatience / 2)
		if _, err := c.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if got := answerOf(t, c); got != "5 <nil>" {
		t.Errorf("the body was %q", got)
	}
}

func TestALongAnswerIsNotEndedByItsBody(t *testing.T) {
	server := serveSteady(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		select {
		case <-r.Context().Done():
			_, _ = io.WriteString(w, "ended")
		case <-time.After(4 * testPatience):
			_, _ = io.WriteString(w, "done")
		}
	})
	if got := answerOf(t, send(t, server, 1, "x")); got != "done" {
		t.Errorf("the answer was %q", got)
	}
}

func answerOf(t *testing.T, c net.Conn) string {
	t.Helper()
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(body))
}
