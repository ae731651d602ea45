//go:build unix

package tracker_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kith-web/kith/internal/relay/guard"
	"github.com/kith-web/kith/internal/relay/tracker"
)

// serveEnv makes the test binary a tracker on one core, to be measured from
// another process.
const serveEnv = "KITH_TEST_TRACKER"

func TestMain(m *testing.M) {
	if os.Getenv(serveEnv) != "" {
		if err := serveForBenchmark(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// serveForBenchmark prints its address; then, for every line it reads, how much
// processor time it has used and how much memory it holds. It ends with its
// standard input.
func serveForBenchmark() error {
	runtime.GOMAXPROCS(1)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	tr, err := tracker.New(tracker.Options{
		Rate: guard.Limit{PerSecond: -1}, NewPeers: guard.Limit{PerSecond: -1},
		MaxSocketsPerAddress: 1 << 20, Workers: 1,
	})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	u, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(l.Addr().(*net.TCPAddr).AddrPort()))
	if err != nil {
		return err
	}
	go tr.Run(ctx)
	go tr.ServePacket(ctx, u)
	go http.Serve(l, tr)
	fmt.Println(l.Addr())
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var use syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
			return err
		}
		if in.Text() == "memory" {
			debug.FreeOSMemory()
		}
		fmt.Println(use.Utime.Nano()+use.Stime.Nano(), resident(), tr.Metrics().Sockets)
	}
	return nil
}

// resident is the memory this process holds, in octets, where the system tells.
func resident() int64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	f := strings.Fields(string(data))
	n, _ := strconv.ParseInt(f[1], 10, 64)
	return n * int64(os.Getpagesize())
}

// process is a tracker in a process of its own.
type process struct {
	addr string
	ask  func(what string) (cpu time.Duration, memory int64, sockets int)
}

func startProcess(b *testing.B) *process {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveEnv+"=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			b.Error(err)
		}
	})
	out := bufio.NewReader(pipe)
	line, err := out.ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return &process{strings.TrimSpace(line), func(what string) (cpu time.Duration, memory int64, sockets int) {
		fmt.Fprintln(in, what)
		if _, err := fmt.Fscan(out, &cpu, &memory, &sockets); err != nil {
			b.Fatal(err)
		}
		if _, err := out.ReadString('\n'); err != nil {
			b.Fatal(err)
		}
		return cpu, memory, sockets
	}}
}

// measure runs load and reports how many of b.N requests the tracker would
// answer in a second on one core that is its own.
func (p *process) measure(b *testing.B, load func()) {
	before, _, _ := p.ask("cpu")
	b.ResetTimer()
	load()
	b.StopTimer()
	after, _, _ := p.ask("cpu")
	b.ReportMetric(float64(b.N)/(after-before).Seconds(), "req/s/core")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
	b.ReportMetric(0, "ns/op")
}
