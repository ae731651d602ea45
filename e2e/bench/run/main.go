package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/kith-web/kith/e2e/bench/report"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// runner runs groups.
type runner struct {
	out   io.Writer
	paths report.Paths
	dist  string // logs, and the results of small runs
	small bool
	force bool
	runs  int
	peers map[report.Need]missing
}

func run(ctx context.Context, args []string, out io.Writer) error {
	r := runner{out: out, dist: filepath.Join("dist", "bench")}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.BoolVar(&r.small, "small", false, "as little as shows that everything works, into dist/bench")
	flags.BoolVar(&r.force, "force", false, "replace figures that say more, too")
	flags.IntVar(&r.runs, "runs", 0, "runs of each contestant, where a group does not say itself (3)")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	r.paths = report.In("docs")
	if r.small {
		r.paths = report.In(r.dist)
	}
	switch names := flags.Args(); {
	case slices.Equal(names, []string{"list"}):
		list(out)
		return nil
	case slices.Equal(names, []string{"page"}):
		return r.page()
	default:
		groups, err := choose(names)
		if err != nil {
			return err
		}
		return r.all(ctx, groups)
	}
}

// choose finds groups by their names, all for none.
func choose(names []string) (chosen []report.Group, err error) {
	all := report.Groups()
	if len(names) == 0 {
		return all, nil
	}
	for _, name := range names {
		i := slices.IndexFunc(all, func(g report.Group) bool { return g.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no group %q: './bench list' shows them", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

func list(out io.Writer) {
	var sum time.Duration
	for _, g := range report.Groups() {
		var needs []string
		for _, n := range g.Needs {
			needs = append(needs, string(n))
		}
		fmt.Fprintf(out, "%-17s %6s  %-45s %s\n", g.Name, about(g.Takes), g.Heading, strings.Join(needs, ", "))
		sum += g.Takes
	}
	fmt.Fprintf(out, "%-17s %6s\n", "all", about(sum))
}

// about writes a time as people say it.
func about(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return fmt.Sprintf("%.1f m", d.Minutes())
}

// page makes the page and its drawings of the results that are there.
func (r *runner) page() error {
	all, err := report.Load(r.paths.Results)
	if err != nil {
		return err
	}
	all, _ = report.Merge(nil, all, true)
	return r.paths.Write(all)
}

// build builds the program and the tests once, so that no group waits for it, nor
// meets sources that changed.
func (r *runner) build(ctx context.Context, groups []report.Group) error {
	const kith = "KITH_BIN"
	if os.Getenv(kith) == "" {
		bin, err := filepath.Abs(filepath.Join(r.dist, "kith"))
		if err != nil {
			return err
		}
		fmt.Fprintln(r.out, "building")
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", bin, "./cmd/kith").CombinedOutput(); err != nil {
			return fmt.Errorf("build kith: %w\n%s", err, out)
		}
		if err := os.Setenv(kith, bin); err != nil {
			return err
		}
	}
	packages := map[string]bool{}
	for _, g := range groups {
		for _, s := range g.Steps {
			packages["./"+s.Package] = true
		}
	}
	args := append([]string{"test", "-run", "^$"}, slices.Sorted(maps.Keys(packages))...)
	if out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("build tests: %w\n%s", err, out)
	}
	return nil
}

// all runs groups, one after the other; one that fails does not keep the others.
func (r *runner) all(ctx context.Context, groups []report.Group) error {
	if err := os.MkdirAll(r.dist, 0o755); err != nil {
		return err
	}
	if err := r.build(ctx, groups); err != nil {
		return err
	}
	r.peers = find()
	var left time.Duration
	for _, g := range groups {
		left += g.Takes
	}
	var errs []error
	for i, g := range groups {
		fmt.Fprintf(r.out, "\n[%d/%d] %s: %s, about %s; about %s to go\n", i+1, len(groups), g.Name, g.Heading, about(g.Takes), about(left))
		began := time.Now()
		err := r.group(ctx, g)
		if ctx.Err() != nil {
			return errors.Join(append(errs, fmt.Errorf("%s was broken off; what ended is kept", g.Name))...)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", g.Name, err))
			fmt.Fprintf(r.out, "  FAILED: %v\n", err)
		}
		fmt.Fprintf(r.out, "  took %s\n", about(time.Since(began)))
		left -= g.Takes
	}
	fmt.Fprintf(r.out, "\nwritten: %s\n", r.paths.Page)
	return errors.Join(errs...)
}
