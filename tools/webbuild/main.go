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
	sdk := flag.String("sdk", "", "write the files of the npm package @kith/sdk to this `folder`, and nothing else")
	flag.Parse()

	if err := run(*web, *sdk, *check); err != nil {
		fmt.Fprintln(os.Stderr, "webbuild:", err)
		os.Exit(1)
	}
}

// run builds the pages of web and writes them to, or compares them with, its
// dist folder. With sdk, it writes the SDK there instead.
func run(web, sdk string, check bool) error {
	built, err := build(web)
	if err != nil {
		return err
	}
	if sdk != "" {
		return writePackage(sdk, built)
	}
	dist := filepath.Join(web, "dist")
	if check {
		return compare(dist, built)
	}
	return write(dist, built)
}
