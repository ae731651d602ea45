package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// exampleNames are the apps in examples; each has its sources in src, and in dist
// a folder that can be published as it is.
func exampleNames() []string { return []string{"album", "notes"} }

// buildExample returns the files of an example's dist folder.
func buildExample(web, folder string) (map[string][]byte, error) {
	out, bundled := map[string][]byte{}, map[string]bool{}
	for _, p := range []struct {
		source, name string
		format       api.Format
	}{
		{"src/main.ts", "app", api.FormatESModule},
		{"src/app.css", "app", api.FormatDefault},
		{"../common/sw.ts", "sw", api.FormatIIFE},
	} {
		if err := exampleFile(web, folder, p.source, p.name, p.format, out, bundled); err != nil {
			return nil, err
		}
	}
	for _, pattern := range []string{"*.html", "*.webmanifest", "*.svg", "*.png"} {
		names, err := filepath.Glob(filepath.Join(folder, "src", pattern))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if out[filepath.Base(name)], err = os.ReadFile(name); err != nil {
				return nil, err
			}
		}
	}
	var err error
	out["licenses.txt"], err = licences(web, bundled)
	return out, err
}

// exampleFile bundles one script or style sheet of an example with the SDK and the
// packages of web.
func exampleFile(web, folder, source, name string, format api.Format, out map[string][]byte, bundled map[string]bool) error {
	dir, err := filepath.Abs(web)
	if err != nil {
		return err
	}
	from, err := filepath.Abs(folder)
	if err != nil {
		return err
	}
	result := api.Build(api.BuildOptions{
		AbsWorkingDir:       dir,
		EntryPointsAdvanced: []api.EntryPoint{{InputPath: filepath.Join(from, filepath.FromSlash(source)), OutputPath: name}},
		Outdir:              filepath.Join(from, "dist"),
		ChunkNames:          "[name]",
		Plugins:             []api.Plugin{messages()},
		Splitting:           format == api.FormatESModule,
		NodePaths:           []string{filepath.Join(dir, "node_modules")},
		Alias:               map[string]string{"@kith/sdk": filepath.Join(dir, "sdk", "kith", "src", "index.ts")},
		TsconfigRaw:         "{}",
		Bundle:              true,
		Format:              format,
		Target:              api.ES2022,
		Charset:             api.CharsetUTF8,
		MinifyWhitespace:    true,
		MinifyIdentifiers:   true,
		MinifySyntax:        true,
		LegalComments:       api.LegalCommentsNone, // licenses.txt has them whole
		Metafile:            true,
		LogLevel:            api.LogLevelSilent,
	})
	if len(result.Errors) > 0 {
		return fmt.Errorf("%s", strings.Join(api.FormatMessages(result.Errors, api.FormatMessagesOptions{
			Kind: api.ErrorMessage,
		}), "\n"))
	}
	for _, f := range result.OutputFiles {
		out[filepath.Base(f.Path)] = f.Contents
	}
	return notePackages(result.Metafile, bundled)
}
