package host_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/host"
)

// serve runs a Server until stop is called.
func serve(t *testing.T, o host.ServerOptions) (s *host.Server, stop func() error) {
	t.Helper()
	if o.Handler == nil {
		o.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	}
	o.HTTP = "127.0.0.1:0"
	s, err := host.NewServer(t.Context(), o)
	check(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stop = func() error {
		cancel()
		err, ok := <-ended
		if ok {
			close(ended)
		}
		return err
	}
	t.Cleanup(func() { _ = stop() })
	return s, stop
}

func dial(t *testing.T, s *host.Server) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.HTTPAddr().String())
	check(t, err)
	check(t, c.SetDeadline(time.Now().Add(30*time.Second)))
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// exchange sends what is written by hand and returns the status line.
func exchange(t *testing.T, c net.Conn, request string) string {
	t.Helper()
	if _, err := io.WriteString(c, request); err != nil {
		return err.Error()
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(line)
}

func TestHugeHeadersAreRefused(t *testing.T) {
	s, _ := serve(t, host.ServerOptions{MaxHeader: 4 << 10})
	got := exchange(t, dial(t, s), "GET / HTTP/1.1\r\nHost: a\r\nX: "+strings.Repeat("x", 64<<10)+"\r\n\r\n")
	if !strings.Contains(got, "431") {
		t.Errorf("a huge header got %q", got)
	}
	if got := exchange(t, dial(t, s), "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"); !strings.Contains(got, "400") {
		t.Errorf("two hosts got %q", got)
	}
	if got := exchange(t, dial(t, s), "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); !strings.Contains(got, "200") {
		t.Errorf("an ordinary request got %q", got)
	}
}

func TestASlowHeadIsCutOff(t *testing.T) {
	s, _ := serve(t, host.ServerOptions{HeaderTime: 100 * time.Millisecond})
	c := dial(t, s)
	_, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost:")
	check(t, err)
	if _, err := io.ReadAll(c); err != nil && errors.Is(err, context.DeadlineExceeded) {
		t.Error("a head that does not come is waited for")
	}
}

func TestAnAddressHasSoManyConnections(t *testing.T) {
	s, _ := serve(t, host.ServerOptions{MaxConnsPerAddress: 3})
	const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	var open []net.Conn
	for range 3 {
		c := dial(t, s)
		if got := exchange(t, c, request); !strings.Contains(got, "200") {
			t.Fatalf("within the limit: %q", got)
		}
		open = append(open, c)
	}
	if got := exchange(t, dial(t, s), request); strings.Contains(got, "200") {
		t.Error("a fourth connection is served")
	}
	check(t, open[0].Close())
	for late := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if got := exchange(t, dial(t, s), request); strings.Contains(got, "200") {
			break
		}
		if time.Now().After(late) {
			t.Fatal("a closed connection still counts")
		}
	}
}

func TestAnAnswerUnderWayEndsWithTheServer(t *testing.T) {
	began, goOn := make(chan struct{}), make(chan struct{})
	s, stop := serve(t, host.ServerOptions{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(began)
		<-goOn
		_, _ = io.WriteString(w, "the end")
	})})
	got := make(chan string, 1)
	go func() {
		res, err := http.Get("http://" + s.HTTPAddr().String() + "/")
		if err != nil {
			got <- err.Error()
			return
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		got <- string(body)
	}()
	<-began
	ended := make(chan error, 1)
	go func() { ended <- stop() }()
	close(goOn)
	if body := <-got; body != "the end" {
		t.Errorf("an answer that was under way: %q", body)
	}
	if err := <-ended; err != nil {
		t.Errorf("Run returned %v", err)
	}
}

func TestATakenPortIsNamed(t *testing.T) {
	s, _ := serve(t, host.ServerOptions{})
	_, err := host.NewServer(t.Context(), host.ServerOptions{Handler: http.NotFoundHandler(), HTTP: s.HTTPAddr().String()})
	if fault.KindOf(err) != fault.InUse || !strings.Contains(err.Error(), s.HTTPAddr().String()) {
		t.Errorf("%v", err)
	}
}
