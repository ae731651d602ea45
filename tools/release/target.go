package main

import (
	"fmt"
	"strings"
)

// target is a system to build for, as Go names them.
type target struct{ os, arch string }

func (t target) String() string { return t.os + "/" + t.arch }

// program is what the program is called there.
func (t target) program() string {
	if t.os == "windows" {
		return "kith.exe"
	}
	return "kith"
}

// allTargets are those of a release.
func allTargets() (all []target) {
	for _, os := range []string{"linux", "darwin", "windows"} {
		for _, arch := range []string{"amd64", "arm64"} {
			all = append(all, target{os, arch})
		}
	}
	return all
}

// targets returns the chosen ones, or all.
func targets(only []string) ([]target, error) {
	if len(only) == 0 {
		return allTargets(), nil
	}
	var chosen []target
	for _, name := range only {
		found := false
		for _, t := range allTargets() {
			if t.String() == name {
				chosen, found = append(chosen, t), true
			}
		}
		if !found {
			return nil, fmt.Errorf("there are no releases for %q; there are %s", name,
				strings.Trim(fmt.Sprint(allTargets()), "[]"))
		}
	}
	return chosen, nil
}
