package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	web := flag.String("web", filepath.Join("..", "web"), "the `folder` that holds console, shell and dist")
	check := flag.Bool("check", false, "compare web/dist with what would be written, and write nothing")
	flag.Parse()

	if err := run(*web, *check); err != nil {
		fmt.Fprintln(os.Stderr, "webbuild:", err)
		os.Exit(1)
	}
}

// run builds the pages of web and writes them to, or compares them with, its
// dist folder.
func run(web string, check bool) error {
	built, err := build(web)
	if err != nil {
		return err
	}
	dist := filepath.Join(web, "dist")
	if check {
		return compare(dist, built)
	}
	return write(dist, built)
}
