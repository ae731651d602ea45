package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// page is one HTML page with its script and style sheet, all paths from web.
type page struct {
	html, script, style string
	// out is the name of the page's script and style sheet in dist/assets,
	// without ending.
	out string
}

// pages are what dist is made of.
func pages() []page {
	return []page{
		{"console/index.html", "console/main.ts", "console/style/console.css", "console"},
		{"shell/app.html", "shell/main.ts", "shell/shell.css", "shell"},
	}
}

// build returns the files of dist by slash-separated path.
func build(web string) (map[string][]byte, error) {
	out := map[string][]byte{}
	bundled := map[string]bool{}
	for _, p := range pages() {
		html, err := os.ReadFile(filepath.Join(web, p.html))
		if err != nil {
			return nil, err
		}
		out[filepath.Base(p.html)] = html
		if err := bundle(web, p, out, bundled); err != nil {
			return nil, err
		}
	}
	if err := buildVisit(web, out, bundled); err != nil {
		return nil, err
	}
	if err := buildSDK(web, out, bundled); err != nil {
		return nil, err
	}
	if err := buildPeer(web, out, bundled); err != nil {
		return nil, err
	}
	if err := buildExtension(web, out); err != nil {
		return nil, err
	}
	icons, err := filepath.Glob(filepath.Join(web, "static", "*"))
	if err != nil {
		return nil, err
	}
	for _, name := range icons {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		out["assets/"+filepath.Base(name)] = data
	}
	out["assets/licenses.txt"], err = licences(web, bundled)
	return out, err
}

// bundle adds the script and the style sheet of p to out, and the names of the
// npm packages in them to bundled.
func bundle(web string, p page, out map[string][]byte, bundled map[string]bool) error {
	dir, err := filepath.Abs(web)
	if err != nil {
		return err
	}
	result := api.Build(api.BuildOptions{
		AbsWorkingDir: dir,
		EntryPointsAdvanced: []api.EntryPoint{
			{InputPath: p.script, OutputPath: p.out},
			{InputPath: p.style, OutputPath: p.out},
		},
		Outdir:            filepath.Join(dir, "dist", "assets"),
		ChunkNames:        p.out + "-[name]",
		Plugins:           []api.Plugin{messages()},
		Bundle:            true,
		Splitting:         true,
		Format:            api.FormatESModule,
		Target:            api.ES2022,
		Charset:           api.CharsetUTF8,
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		LegalComments:     api.LegalCommentsNone, // assets/licenses.txt has them whole
		Metafile:          true,
		LogLevel:          api.LogLevelSilent,
	})
	if len(result.Errors) > 0 {
		return fmt.Errorf("%s", strings.Join(api.FormatMessages(result.Errors, api.FormatMessagesOptions{
			Kind: api.ErrorMessage,
		}), "\n"))
	}
	for _, f := range result.OutputFiles {
		out["assets/"+filepath.Base(f.Path)] = f.Contents
	}
	return notePackages(result.Metafile, bundled)
}
