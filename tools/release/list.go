package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// allowed reports whether a release under Apache-2.0 may contain a work under all
// of these licences, which are joined by AND.
func allowed(license string) bool {
	known := []string{
		"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BlueOak-1.0.0", "CC0-1.0", "ISC", "MIT", "MPL-2.0", "OFL-1.1", "Unlicense",
	}
	for id := range strings.SplitSeq(license, " AND ") {
		if !slices.Contains(known, id) {
			return false
		}
	}
	return true
}

// listed are the works of others that are in the programs for any system.
func (s *source) listed(ctx context.Context) (map[string]part, error) {
	all := map[string]part{}
	for _, os := range []string{"linux", "darwin", "windows"} {
		c := s.goCommand(ctx, target{os, "amd64"}, "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}{{end}}", "./cmd/kith")
		var bad bytes.Buffer
		c.Stderr = &bad
		out, err := c.Output()
		if err != nil {
			return nil, fmt.Errorf("go list for %s: %w\n%s", os, err, bad.Bytes())
		}
		for line := range strings.Lines(string(out)) {
			f := strings.Split(strings.TrimSpace(line), "\t")
			if len(f) != 3 || all[f[0]].name != "" {
				continue
			}
			text, err := licenseIn(f[2])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", f[0], err)
			}
			all[f[0]] = part{"golang", f[0], f[1], licenseID(text), text}
		}
	}
	npm, err := s.npmParts()
	for _, p := range npm {
		all["npm "+p.name] = p
	}
	return all, err
}

// licenses writes docs/licences.md, or with check compares it.
func licenses(ctx context.Context, root, file string, check bool) error {
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	s := &source{root: root}
	all, err := s.listed(ctx)
	if err != nil {
		return err
	}
	out := bytes.NewBufferString(`# Licences

Kith is under the [Apache License 2.0](../LICENSE). These works of others are in its programs, for one system or another; [why each is there](decisions/0002-dependencies.md). Every package and archive carries the full texts (THIRD-PARTY.txt, or the system's copyright file).

This list is made by ` + "`go run -C tools ./release -licences ../docs/licences.md`" + `, from the licence files of the works themselves. A test fails when it is out of date, and when a work has a licence that is not known or does not go with Kith's.

| work | version | licence |
| --- | --- | --- |
| Go and its standard library | as ` + "`kith version`" + ` says | BSD-3-Clause |
`)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		p := all[name]
		if !allowed(p.license) {
			return fmt.Errorf("%s has the licence %q, which is not known or does not go with Apache-2.0", name, p.license)
		}
		fmt.Fprintf(out, "| %s | %s | %s |\n", name, p.version, p.license)
	}
	if !check {
		return os.WriteFile(file, out.Bytes(), 0o644)
	}
	is, err := os.ReadFile(file)
	if err == nil && !bytes.Equal(is, out.Bytes()) {
		err = errors.New("it is out of date: run the command that it names")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}
