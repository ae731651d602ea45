package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"
)

func main() {
	var o options
	flag.StringVar(&o.root, "root", "..", "the `folder` of the repository")
	flag.StringVar(&o.corpus, "corpus", filepath.Join(os.TempDir(), "kith-fuzz"), "where test programs and what the fuzzer learned are kept, a `folder`")
	flag.DurationVar(&o.each, "each", time.Hour, "processor `time` that each target gets, counted with what it has had")
	flag.DurationVar(&o.slice, "slice", 2*time.Minute, "how long a target runs before the next has its turn, a `time`")
	flag.IntVar(&o.jobs, "jobs", 1, "how many targets run at once, a `number`")
	only := flag.String("only", ".", "a `pattern` of packages and targets, as in internal/seal.FuzzEnvelope")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if o.only, err = regexp.Compile(*only); err == nil {
		err = run(ctx, o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		os.Exit(1)
	}
}

type options struct {
	root, corpus string
	each, slice  time.Duration
	jobs         int
	only         *regexp.Regexp
}

// run gives every target its turns until each has had its time.
func run(ctx context.Context, o options) error {
	root, err := filepath.Abs(o.root)
	if err != nil {
		return err
	}
	o.root = root
	targets, err := find(root, o.only)
	if err != nil {
		return err
	}
	if len(targets) == 0 {
		return fmt.Errorf("no target matches %q", o.only)
	}
	r, err := readRecord(root)
	if err != nil {
		return err
	}
	slices.SortStableFunc(targets, func(a, b target) int { return cmp.Compare(r.had(a), r.had(b)) }) // who had least begins
	queue := make(chan target, len(targets))
	for _, t := range targets {
		if r.had(t) < o.each {
			queue <- t
		}
	}
	b := newBuilder(o)
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		found []error
	)
	for range o.jobs {
		wg.Go(func() {
			for ctx.Err() == nil {
				var t target
				select {
				case t = <-queue:
				default:
					return // what others hold comes back to them
				}
				result, err := b.fuzz(ctx, t)
				if err != nil {
					fmt.Fprintf(os.Stderr, "%s: %v\n", t, err)
					mu.Lock()
					found = append(found, fmt.Errorf("%s: %w", t, err))
					mu.Unlock()
					continue
				}
				total, err := r.add(t, result)
				fmt.Printf("%s: %s, %d inputs, %s in all\n", t, result.cpu.Round(time.Second), result.inputs, total.Round(time.Second))
				if err != nil {
					mu.Lock()
					found = append(found, err)
					mu.Unlock()
					return
				}
				if total < o.each {
					queue <- t
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(found...)
}
