package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// part is something of others' that is in a program.
type part struct {
	kind          string // golang or npm, as in package URLs
	name, version string
	license       string // SPDX expression
	text          string // of its licence
}

// parts are all parts of one program.
type parts struct {
	target  target
	program []byte
	all     []part
}

// parts finds the parts of a program: what it says of itself, and the npm
// packages in the pages it holds.
func (s *source) parts(ctx context.Context, t target, program []byte) (*parts, error) {
	info, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil {
		return nil, fmt.Errorf("what the program says of itself: %w", err)
	}
	dirs, err := s.moduleFolders(ctx, t)
	if err != nil {
		return nil, err
	}
	p := &parts{target: t, program: program}
	root, err := s.goCommand(ctx, t, "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w", err)
	}
	goLicense, err := licenseIn(strings.TrimSpace(string(root)))
	if err != nil {
		return nil, fmt.Errorf("the licence of Go itself: %w", err)
	}
	p.all = append(p.all, part{"golang", "std", strings.TrimPrefix(info.GoVersion, "go"), "BSD-3-Clause", goLicense})
	for _, m := range info.Deps {
		if m.Replace != nil {
			return nil, fmt.Errorf("%s is replaced by %s", m.Path, m.Replace.Path)
		}
		text, err := licenseIn(dirs[m.Path])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Path, err)
		}
		id := licenseID(text)
		if id == "" {
			return nil, fmt.Errorf("%s has a licence of which nothing is known here", m.Path)
		}
		p.all = append(p.all, part{"golang", m.Path, m.Version, id, text})
	}
	npm, err := s.npmParts()
	p.all = append(p.all, npm...)
	return p, err
}

// moduleFolders asks the go command where the modules of the program are.
func (s *source) moduleFolders(ctx context.Context, t target) (map[string]string, error) {
	c := s.goCommand(ctx, t, "list", "-deps", "-f", "{{with .Module}}{{.Path}}\t{{.Dir}}{{end}}", "./cmd/kith")
	var bad bytes.Buffer
	c.Stderr = &bad
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, bad.Bytes())
	}
	dirs := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if name, dir, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			dirs[name] = dir
		}
	}
	return dirs, nil
}

// npmParts are the packages that web/dist says are in it.
func (s *source) npmParts() ([]part, error) {
	licenses, err := s.read("web/dist/assets/licenses.txt")
	if err != nil {
		return nil, err
	}
	data, err := s.read("web/package-lock.json")
	if err != nil {
		return nil, err
	}
	var lock struct {
		Packages map[string]struct{ Version, License string }
	}
	if err := json.Unmarshal(data, &lock); err != nil {
		return nil, fmt.Errorf("package-lock.json: %w", err)
	}
	headings := regexp.MustCompile(`(?m)^== (\S+)$`)
	found := headings.FindAllSubmatchIndex(licenses, -1)
	if len(found) == 0 {
		return nil, errors.New("web/dist/assets/licenses.txt names no packages")
	}
	var all []part
	for i, m := range found {
		end := len(licenses)
		if i+1 < len(found) {
			end = found[i+1][0]
		}
		name := string(licenses[m[2]:m[3]])
		known, ok := lock.Packages["node_modules/"+name]
		if !ok || known.License == "" {
			return nil, fmt.Errorf("package-lock.json does not know version and licence of %s", name)
		}
		all = append(all, part{"npm", name, known.Version, known.License, strings.TrimSpace(string(licenses[m[1]:end]))})
	}
	return all, nil
}

// notices are the licences of all parts, one after the other.
func (p *parts) notices() []byte {
	var out bytes.Buffer
	_, _ = io.WriteString(&out, "Kith contains these works of others, under these licences.\n")
	for _, x := range p.all {
		fmt.Fprintf(&out, "\n==== %s %s (%s)\n\n%s\n", x.name, x.version, x.license, x.text)
	}
	return out.Bytes()
}
