package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// visitScripts are the scripts of dist/visit but for the worker: what a public
// host serves below /.kith/. The loader is a classic script, so that it can be
// async wherever it stands; the others are modules that it brings in later.
func visitScripts() map[string]api.Format {
	return map[string]api.Format{
		"loader":  api.FormatIIFE,
		"runtime": api.FormatESModule,
		"badge":   api.FormatESModule,
		"served":  api.FormatESModule,
		"boot":    api.FormatESModule,
	}
}

// buildVisit adds dist/visit to out, and the names of the npm packages in it to
// bundled. The worker is made last: it carries a name made of all the other
// files, by which browsers see that any of them is new, and which the worker
// keeps them under.
func buildVisit(web string, out map[string][]byte, bundled map[string]bool) error {
	for name, format := range visitScripts() {
		source := filepath.Join("runtime", entry(name), "main.ts")
		if err := visitFile(web, source, name, format, nil, out, bundled); err != nil {
			return err
		}
	}
	for _, name := range []string{"served", "boot"} {
		if err := visitFile(web, filepath.Join("runtime", name, name+".css"), name, api.FormatDefault, nil, out, bundled); err != nil {
			return err
		}
		html, err := os.ReadFile(filepath.Join(web, "runtime", name, name+".html"))
		if err != nil {
			return err
		}
		out["visit/"+name+".html"] = html
	}
	icon, err := os.ReadFile(filepath.Join(web, "static", "icon.svg"))
	if err != nil {
		return err
	}
	out["visit/icon.svg"] = icon
	// A classic worker: modules are no workers in every browser yet.
	define := map[string]string{"KITH_BUILD": strconv.Quote(buildName(out))}
	return visitFile(web, filepath.Join("runtime", "worker", "main.ts"), "worker", api.FormatIIFE, define, out, bundled)
}

// entry is the folder of a script's sources.
func entry(name string) string {
	if name == "runtime" {
		return "page"
	}
	return name
}

// buildName is made of the files of dist/visit.
func buildName(out map[string][]byte) string {
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(out)) {
		if strings.HasPrefix(name, "visit/") {
			fmt.Fprintf(sum, "%s %d\n%s", name, len(out[name]), out[name])
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// visitFile bundles one script or style sheet into dist/visit.
func visitFile(
	web, source, name string, format api.Format, define map[string]string, out map[string][]byte, bundled map[string]bool,
) error {
	dir, err := filepath.Abs(web)
	if err != nil {
		return err
	}
	result := api.Build(api.BuildOptions{
		AbsWorkingDir:       dir,
		EntryPointsAdvanced: []api.EntryPoint{{InputPath: filepath.ToSlash(source), OutputPath: name}},
		Outdir:              filepath.Join(dir, "dist", "visit"),
		ChunkNames:          "text-[name]", // the same for all pages
		Plugins:             []api.Plugin{messages()},
		Bundle:              true,
		Splitting:           format == api.FormatESModule,
		Format:              format,
		Define:              define,
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
		out["visit/"+filepath.Base(f.Path)] = f.Contents
	}
	return notePackages(result.Metafile, bundled)
}
