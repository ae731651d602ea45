package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/kith-web/kith/e2e/bench/report"
	"github.com/kith-web/kith/e2e/figure"
)

// group runs one group and keeps what it found, however it ends.
func (r *runner) group(ctx context.Context, g report.Group) error {
	for _, n := range g.Needs {
		if why := r.peers[n]; why != "" {
			fmt.Fprintf(r.out, "  MISSING: %s: %s\n", n, why)
		}
	}
	results, err := os.MkdirTemp("", "kith-results-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(results) }()
	m := circumstances(ctx)
	if m.Busy > report.Quiet {
		fmt.Fprintf(r.out, "  BUSY: something else uses %.0f %% of the processors: these figures will be an indication only\n", m.Busy)
	}
	log, err := os.Create(filepath.Join(r.dist, g.Name+".log"))
	if err != nil {
		return err
	}
	var errs []error
	for _, s := range g.Steps {
		if ctx.Err() == nil {
			errs = append(errs, r.step(ctx, s, results, log))
		}
	}
	err = errors.Join(append(errs, log.Close())...)
	if err != nil {
		err = fmt.Errorf("%w; see %s", err, log.Name())
	}
	return errors.Join(err, r.keep(results, m))
}

// keep merges what a group found.
func (r *runner) keep(results string, m figure.Measured) error {
	found, err := figure.Read(results)
	for i, f := range found {
		m.Time = f.Measured.Time
		found[i].Measured = m
	}
	older, err2 := report.Load(r.paths.Results)
	if err2 != nil {
		return errors.Join(err, err2)
	}
	merged, kept := report.Merge(older, found, r.force)
	for _, k := range kept {
		fmt.Fprintf(r.out, "  NOT REPLACED: %s: %s\n", k.Title, k.Why)
	}
	for _, f := range found {
		state, words := report.Verdict(f)
		fmt.Fprintf(r.out, "  %s: %s %s\n", f.Title, strings.ReplaceAll(state.String(), "*", ""), words)
	}
	return errors.Join(err, r.paths.Write(merged))
}

// step runs 'go test' once and shows what the tests log.
func (r *runner) step(ctx context.Context, s report.Step, results string, log io.Writer) error {
	args := []string{"test", "-count=1", "-v", "-timeout", s.Within.String()}
	if s.Bench != "" {
		args = append(args, "-run", "^$", "-bench", s.Bench, "-benchtime", s.Times)
	} else {
		args = append(args, "-run", s.Test)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./"+s.Package)...)
	cmd.Env = append(os.Environ(), figure.EnvResults+"="+results)
	cmd.Env = append(cmd.Env, s.Env...)
	if r.runs > 0 {
		cmd.Env = append(cmd.Env, fmt.Sprintf("KITH_BENCH_RUNS=%d", r.runs))
	}
	if r.small {
		cmd.Env = append(cmd.Env, "KITH_BENCH_RUNS=1", "KITH_BENCH_SMALL=1", "KITH_MEASURE_DOCUMENTS=200", "KITH_MEASURE_MESSAGES=5")
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // whatever the tests started ends with them
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fmt.Fprintln(log, lines.Text())
		if telling(lines.Text()) {
			fmt.Fprintf(r.out, "    %.160s\n", strings.TrimSpace(lines.Text()))
		}
	}
	_, _ = io.Copy(log, out) // a line that was too long
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w", s.Package, err)
	}
	return nil
}

// telling is what a reader who waits wants to see of a test's output.
func telling(line string) bool {
	line = strings.TrimSpace(line)
	for _, begin := range []string{"--- FAIL", "--- SKIP", "FAIL", "panic:", "Benchmark", "SKIPPED"} {
		if strings.HasPrefix(line, begin) {
			return true
		}
	}
	file, _, ok := strings.Cut(line, ":")
	return ok && strings.HasSuffix(file, "_test.go")
}
