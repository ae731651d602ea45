package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	web := flag.String("web", filepath.Join("..", "web"), "the `folder` that holds console, shell and dist")
	check := flag.Bool("check", false, "compare the dist folders with what would be written, and write nothing")
	sdk := flag.String("sdk", "", "write the files of the npm package @kith/sdk to this `folder`, and nothing else")
	flag.Parse()

	if err := run(*web, *sdk, *check); err != nil {
		fmt.Fprintln(os.Stderr, "webbuild:", err)
		os.Exit(1)
	}
}

// run builds the pages of web and the examples and writes them to, or compares them
// with, their dist folders. With sdk, it writes the SDK there instead.
func run(web, sdk string, check bool) error {
	built, err := build(web)
	if err != nil {
		return err
	}
	if sdk != "" {
		return writePackage(sdk, built)
	}
	if err := settle(filepath.Join(web, "dist"), built, check); err != nil {
		return err
	}
	for _, name := range exampleNames() {
		folder := filepath.Join(web, "..", "examples", name)
		built, err := buildExample(web, folder)
		if err != nil {
			return err
		}
		if err := settle(filepath.Join(folder, "dist"), built, check); err != nil {
			return err
		}
	}
	return nil
}

// settle makes dist hold built, or with check compares them.
func settle(dist string, built map[string][]byte, check bool) error {
	if check {
		return compare(dist, built)
	}
	return write(dist, built)
}
