package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// peerPart is one script of dist/peer; sources are relative to web, names to
// dist/peer.
type peerPart struct {
	source, name string
	format       api.Format
}

// peerParts are what an app on a static host needs beside its own files: the
// service worker, which has to be in the app's folder, and the folder kith. A
// service worker is a classic script, for modules are none in every browser yet.
// What a module imports lazily is a file of its own beside it.
func peerParts() []peerPart {
	return []peerPart{
		{"runtime/peer/service/main.ts", "kith-sw", api.FormatIIFE},
		{"runtime/peer/worker/main.ts", "kith/worker", api.FormatESModule},
		{"sdk/kith/src/index.ts", "kith/sdk", api.FormatESModule},
		{"sdk/kith/src/classic.ts", "kith/kith", api.FormatIIFE},
	}
}

// buildPeer adds dist/peer to out, and the names of the npm packages in it to
// bundled: the browser peer and its SDK, as a folder to copy to any web server.
func buildPeer(web string, out map[string][]byte, bundled map[string]bool) error {
	for _, p := range peerParts() {
		if err := peerFile(web, p, out, bundled); err != nil {
			return err
		}
	}
	out["peer/kith/lp2p.js"] = out["assets/lp2p.js"]
	return buildPeople(web, out, bundled)
}

// buildPeople adds dist/peer/kith/people: the pages on which a person manages
// friends and devices, and decides what apps ask for.
func buildPeople(web string, out map[string][]byte, bundled map[string]bool) error {
	pages, err := filepath.Glob(filepath.Join(web, "runtime", "people", "*.html"))
	if err != nil {
		return err
	}
	for _, page := range pages {
		html, err := os.ReadFile(page)
		if err != nil {
			return err
		}
		out["peer/kith/people/"+filepath.Base(page)] = html
	}
	for source, format := range map[string]api.Format{"main.ts": api.FormatESModule, "people.css": api.FormatDefault} {
		if _, err := os.Stat(filepath.Join(web, "runtime", "people", source)); err != nil {
			continue // no page needs it
		}
		if err := peerFile(web, peerPart{"runtime/people/" + source, "kith/people/people", format}, out, bundled); err != nil {
			return err
		}
	}
	return nil
}

// peerFile bundles one script or style sheet, and what it imports lazily.
func peerFile(web string, p peerPart, out map[string][]byte, bundled map[string]bool) error {
	dir, err := filepath.Abs(web)
	if err != nil {
		return err
	}
	dist := filepath.Join(dir, "dist", "peer")
	result := api.Build(api.BuildOptions{
		AbsWorkingDir:       dir,
		EntryPointsAdvanced: []api.EntryPoint{{InputPath: p.source, OutputPath: p.name}},
		Outdir:              dist,
		ChunkNames:          filepath.ToSlash(filepath.Dir(p.name)) + "/[name]",
		Plugins:             []api.Plugin{messages()},
		Bundle:              true,
		Splitting:           p.format == api.FormatESModule,
		Format:              p.format,
		Target:              api.ES2022,
		Charset:             api.CharsetUTF8,
		MinifyWhitespace:    true,
		MinifyIdentifiers:   true,
		MinifySyntax:        true,
		LegalComments:       api.LegalCommentsNone, // assets/licenses.txt has them whole
		Metafile:            true,
		LogLevel:            api.LogLevelSilent,
	})
	if len(result.Errors) > 0 {
		return fmt.Errorf("%s", strings.Join(api.FormatMessages(result.Errors, api.FormatMessagesOptions{
			Kind: api.ErrorMessage,
		}), "\n"))
	}
	for _, f := range result.OutputFiles {
		rel, err := filepath.Rel(dist, f.Path)
		if err != nil {
			return err
		}
		name := "peer/" + filepath.ToSlash(rel)
		if out[name] != nil {
			return fmt.Errorf("two files of dist/peer are called %s", rel)
		}
		out[name] = f.Contents
	}
	return notePackages(result.Metafile, bundled)
}

// writePackage makes folder hold dist/peer as it goes into the npm package
// @kith/sdk.
func writePackage(folder string, built map[string][]byte) error {
	for name, data := range built {
		rest, ok := strings.CutPrefix(name, "peer/")
		if name == "assets/licenses.txt" {
			rest, ok = "licenses.txt", true // of what is bundled
		}
		if !ok {
			continue
		}
		path := filepath.Join(folder, filepath.FromSlash(rest))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
