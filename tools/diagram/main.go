package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	dir := flag.String("dir", filepath.Join("..", "docs", "images", "diagrams"), "the `folder` with the descriptions")
	check := flag.Bool("check", false, "compare the drawings with what would be written, and write nothing")
	flag.Parse()
	if err := run(*dir, *check); err != nil {
		fmt.Fprintln(os.Stderr, "diagram:", err)
		os.Exit(1)
	}
}

// run draws every description in dir, or compares what is there with it.
func run(dir string, check bool) error {
	sources, err := filepath.Glob(filepath.Join(dir, "*.seq"))
	if err != nil {
		return err
	}
	if len(sources) == 0 {
		return fmt.Errorf("%s has no descriptions", dir)
	}
	for _, source := range sources {
		text, err := os.ReadFile(source)
		if err != nil {
			return err
		}
		d, err := parse(string(text))
		if err != nil {
			return fmt.Errorf("%s: %w", source, err)
		}
		target := strings.TrimSuffix(source, ".seq") + ".svg"
		drawn := d.draw()
		if !check {
			if err := os.WriteFile(target, drawn, 0o644); err != nil {
				return err
			}
			continue
		}
		there, err := os.ReadFile(target)
		if err != nil {
			return err
		}
		if !bytes.Equal(there, drawn) {
			return fmt.Errorf("%s is not what its description makes: go run -C tools ./diagram", target)
		}
	}
	return nil
}
