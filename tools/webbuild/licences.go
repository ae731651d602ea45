package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// notePackages adds the npm packages that went into a bundle to bundled.
func notePackages(metafile string, bundled map[string]bool) error {
	var meta struct {
		Outputs map[string]struct {
			Inputs map[string]struct {
				BytesInOutput int `json:"bytesInOutput"`
			} `json:"inputs"`
		} `json:"outputs"`
	}
	if err := json.Unmarshal([]byte(metafile), &meta); err != nil {
		return fmt.Errorf("the bundler's metafile: %w", err)
	}
	for _, output := range meta.Outputs {
		for input, used := range output.Inputs {
			rest, ok := strings.CutPrefix(input, "node_modules/")
			if !ok || used.BytesInOutput == 0 {
				continue
			}
			parts := strings.Split(rest, "/")
			name := parts[0]
			if strings.HasPrefix(name, "@") && len(parts) > 1 {
				name += "/" + parts[1]
			}
			bundled[name] = true
		}
	}
	return nil
}

// licences returns the licences of the bundled packages, one after the other.
// A package without a licence file fails the build.
func licences(web string, bundled map[string]bool) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString("Kith's pages contain these packages.\n")
	for _, name := range slices.Sorted(maps.Keys(bundled)) {
		text, err := os.ReadFile(filepath.Join(web, "node_modules", name, "LICENSE"))
		if err != nil {
			return nil, fmt.Errorf("the licence of the bundled package %s: %w", name, err)
		}
		fmt.Fprintf(&out, "\n== %s\n\n%s\n", name, strings.TrimSpace(string(text)))
	}
	return out.Bytes(), nil
}
