package main

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	o := options{}
	flag.StringVar(&o.root, "root", "..", "the repository's `folder`")
	out := flag.String("out", "", "the `folder` to write, docs/site in the repository unless given; what is in it is deleted")
	check := flag.Bool("check", false, "write nothing; fail when a link is dead or a page is not listed")
	flag.StringVar(&o.repository, "repository", "", "the `URL` below which the repository's files can be seen")
	flag.StringVar(&o.base, "base", "/", "the `path` at which the site is served, for 404.html alone")
	flag.Parse()
	if *out == "" {
		*out = filepath.Join(o.root, "docs", "site")
	}
	if err := run(o, *out, *check); err != nil {
		fmt.Fprintln(os.Stderr, "docsite:", err)
		os.Exit(1)
	}
}

// options say what the site is made of.
type options struct{ root, repository, base string }

// run makes the site and writes or checks it.
func run(o options, out string, check bool) error {
	files, complaints, err := build(o)
	if err != nil {
		return err
	}
	for _, c := range complaints {
		fmt.Fprintln(os.Stderr, "docsite:", c)
	}
	if check {
		if len(complaints) > 0 {
			return fmt.Errorf("%d complaints", len(complaints))
		}
		return nil
	}
	return write(out, files)
}

// marker is a file that says that a folder is the site's, to be emptied at will.
const marker = "assets/site.css"

// write makes out hold exactly the files.
func write(out string, files map[string][]byte) error {
	if there, err := os.ReadDir(out); err == nil && len(there) > 0 {
		if _, err := os.Stat(filepath.Join(out, filepath.FromSlash(marker))); err != nil {
			return fmt.Errorf("%s holds something that is no site: choose another folder", out)
		}
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(out, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, files[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}

// built is the name of the page that a document becomes.
func built(source string) string {
	name := strings.ToLower(strings.TrimSuffix(source, ".md")) + ".html"
	switch {
	case name == "readme.html":
		return "index.html"
	case name == "docs/readme.html":
		return "contents.html"
	}
	return strings.Replace(strings.TrimPrefix(name, "docs/"), "readme.html", "index.html", 1)
}
