package api

import (
	"bufio"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/kith-web/kith/e2e/loud"
)

func TestTheKernelSaysWhoOpenedAConnection(t *testing.T) {
	for _, listen := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := net.Listen("tcp", listen)
		if err != nil {
			t.Logf("%s: %v", listen, err)
			continue
		}
		defer func() { _ = l.Close() }()
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		client, server := netip.MustParseAddrPort(c.LocalAddr().String()), netip.MustParseAddrPort(c.RemoteAddr().String())
		uid, ok, err := opener(client, server)
		if err != nil || !ok || uid != os.Getuid() {
			t.Errorf("%s: opener = %d, %v, %v; want %d", listen, uid, ok, err, os.Getuid())
		}
		if _, ok, err := opener(netip.AddrPortFrom(client.Addr(), 1), server); ok || err != nil {
			t.Errorf("%s: a connection that does not exist has an opener (%v)", listen, err)
		}
	}
}

func TestConnectionTable(t *testing.T) {
	const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1538 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 1 1 0
   1: 0100007F:D431 0100007F:1538 01 00000000:00000000 00:00000000 00000000  1001        0 1 1 0
   2: 0000000000000000FFFF00000100007F:D432 0000000000000000FFFF00000100007F:1538 01 0:0 0:0 0  1002 0 1 1 0
   3: 00000000000000000000000001000000:D433 00000000000000000000000001000000:1538 01 0:0 0:0 0  1003 0 1 1 0
`
	for client, want := range map[string]int{"127.0.0.1:54321": 1001, "127.0.0.1:54322": 1002, "[::1]:54323": 1003} {
		c := netip.MustParseAddrPort(client)
		uid, ok, err := scanConnections(bufio.NewScanner(strings.NewReader(table)), c, netip.AddrPortFrom(c.Addr(), 5432))
		if err != nil || !ok || uid != want {
			t.Errorf("%s: %d, %v, %v; want %d", client, uid, ok, err, want)
		}
	}
}

func FuzzConnectionTable(f *testing.F) {
	f.Add("0: 0100007F:1538 0100007F:D431 01 0:0 0:0 0 1000")
	f.Add("0: : : x x x x x")
	f.Add("0: 01:1 0200:99999 x x x x x")
	f.Fuzz(func(t *testing.T, table string) {
		c := netip.MustParseAddrPort("127.0.0.1:54321")
		if _, ok, _ := scanConnections(bufio.NewScanner(strings.NewReader(table)), c, c); ok &&
			!strings.Contains(strings.ToUpper(table), ":D431") {
			t.Errorf("found %v in %q", c, table)
		}
	})
}

// asUser makes a request from a thread that belongs to another user, which only
// root can.
func asUser(uid int, server netip.AddrPort, request string) (answer string, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlock: the thread ends with this goroutine
		if _, _, e := syscall.RawSyscall(syscall.SYS_SETRESUID, uintptr(uid), uintptr(uid), uintptr(uid)); e != 0 {
			err = e
			return
		}
		var fd int
		if fd, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0); err != nil {
			return
		}
		defer func() { _ = syscall.Close(fd) }()
		to := &syscall.SockaddrInet4{Port: int(server.Port()), Addr: server.Addr().As4()}
		if err = syscall.Connect(fd, to); err != nil {
			return
		}
		if _, err = syscall.Write(fd, []byte(request)); err != nil {
			return
		}
		buffer := make([]byte, 4096)
		var n int
		n, err = syscall.Read(fd, buffer)
		answer = string(buffer[:max(n, 0)])
	}()
	<-done
	return answer, err
}

func TestTheConsoleIsNotForOtherUsers(t *testing.T) {
	if os.Getuid() != 0 {
		loud.Skip(t, "only root can be another user")
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		done(w, checkOpener(r))
	}))
	defer s.Close()
	server := netip.MustParseAddrPort(s.Listener.Addr().String())
	for uid, want := range map[int]string{0: "204", 65534: "403"} {
		if got, err := asUser(uid, server, "GET / HTTP/1.0\r\n\r\n"); err != nil || !strings.HasPrefix(got, "HTTP/1.0 "+want) {
			t.Errorf("user %d: %q, %v; want %s", uid, got, err, want)
		}
	}
}

func TestWhatActsForTheOwnerIsNotForOtherUsers(t *testing.T) {
	if os.Getuid() != 0 {
		loud.Skip(t, "only root can be another user")
	}
	var s *Server
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }))
	defer web.Close()
	at := netip.MustParseAddrPort(web.Listener.Addr().String())
	s = &Server{guard: newGuard(strconv.Itoa(int(at.Port())), "token")}
	s.handler = s.routes(http.NotFoundHandler())
	for _, path := range []string{"/.kith/lp2p", "/asking/x"} {
		request := "GET " + path + " HTTP/1.0\r\nHost: localhost:" + strconv.Itoa(int(at.Port())) + "\r\nSec-Fetch-Site: same-origin\r\n\r\n"
		for uid, want := range map[int]string{0: "404", 65534: "403"} {
			if got, err := asUser(uid, at, request); err != nil || !strings.HasPrefix(got, "HTTP/1.0 "+want) {
				t.Errorf("%s as user %d: %.40q, %v; want %s", path, uid, got, err, want)
			}
		}
	}
}
