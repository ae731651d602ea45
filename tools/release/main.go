package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
)

func main() {
	var o options
	var only, list string
	var check bool
	flag.StringVar(&o.root, "root", "..", "the `folder` of the source")
	flag.StringVar(&o.version, "version", "", "the `version`, such as 0.1.0")
	flag.StringVar(&o.commit, "commit", "", "the `commit` where the source is in no repository; SOURCE_DATE_EPOCH has to be set then")
	flag.StringVar(&only, "only", "", "make it for these `systems` alone, such as linux/amd64,darwin/arm64")
	flag.StringVar(&o.out, "out", filepath.Join("..", "dist", "release"), "the `folder` to write to; what is in it is removed")
	flag.StringVar(&o.url, "url", "https://github.com/kith-web/kith/releases/download/v%s", "where the archives will be, for the formula; %s is the version")
	flag.IntVar(&o.level, "level", 9, "how hard to compress, 1 to 9")
	flag.StringVar(&list, "licences", "", "write the list of licences to this `file`, and make nothing else")
	flag.BoolVar(&check, "check", false, "with -licences, compare the file")
	flag.Parse()
	if only != "" {
		o.only = strings.Split(only, ",")
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if list != "" {
		err = licenses(ctx, o.root, list, check)
	} else {
		err = run(ctx, o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// options say what to make.
type options struct {
	root, out       string
	version, commit string
	url             string
	only            []string // all systems when there are none
	level           int
}

// run makes a release.
func run(ctx context.Context, o options) error {
	src, err := newSource(ctx, o)
	if err != nil {
		return err
	}
	targets, err := targets(o.only)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(o.out); err != nil {
		return err
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	r := &release{source: src, out: o.out, level: o.level, url: o.url}
	if r.manual, err = src.manual(ctx); err != nil {
		return err
	}
	for _, t := range targets {
		if err := r.make(ctx, t); err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
	}
	if err := r.writeImages(); err != nil {
		return fmt.Errorf("container images: %w", err)
	}
	if err := r.writeFormula(); err != nil {
		return fmt.Errorf("formula: %w", err)
	}
	return r.writeSums()
}

// release is one that is being made.
type release struct {
	*source
	out, url string
	level    int
	manual   []file // manual pages and completions, below share
	images   []platform
	archives map[target]string // checksums, for the formula
	sums     []string
}

// make makes all there is for one system.
func (r *release) make(ctx context.Context, t target) error {
	program, err := r.build(ctx, t)
	if err != nil {
		return err
	}
	delete(r.built, t) // it was asked for the last time
	p, err := r.parts(ctx, t, program)
	if err != nil {
		return err
	}
	bill, err := p.bill(r.source)
	if err != nil {
		return fmt.Errorf("list of parts: %w", err)
	}
	if err := r.write(r.name(t, ".cdx.json"), bill); err != nil {
		return err
	}
	if err := r.writeArchive(t, program, p); err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	if t.os != "linux" {
		return nil
	}
	files, err := r.installed(program, p)
	if err != nil {
		return err
	}
	if err := r.writeRPM(t, files); err != nil {
		return fmt.Errorf("rpm: %w", err)
	}
	if err := r.writeDeb(t, files); err != nil {
		return fmt.Errorf("deb: %w", err)
	}
	return r.addImage(t, program)
}

// name is that of a file of the release.
func (r *release) name(t target, ending string) string {
	return fmt.Sprintf("kith_%s_%s_%s%s", r.version, t.os, t.arch, ending)
}

// write writes one file of the release and notes its checksum.
func (r *release) write(name string, data []byte) error {
	r.sums = append(r.sums, fmt.Sprintf("%x  %s", sum(data), name))
	return os.WriteFile(filepath.Join(r.out, name), data, 0o644)
}
