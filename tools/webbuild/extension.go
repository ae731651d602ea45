package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// extensionParts are the scripts and style sheets of dist/extension. Those that
// browsers run as classic scripts are IIFEs.
func extensionParts() map[string]api.Format {
	return map[string]api.Format{
		"background.ts":   api.FormatIIFE,
		"page.ts":         api.FormatIIFE,
		"popup/popup.ts":  api.FormatESModule,
		"popup/popup.css": api.FormatDefault,
		"open/open.ts":    api.FormatESModule,
		"open/open.css":   api.FormatDefault,
	}
}

// buildExtension adds dist/extension to out: the browser extension as a folder
// that Chromium and Firefox load as it is. It holds no npm packages.
func buildExtension(web string, out map[string][]byte) error {
	dir, err := filepath.Abs(web)
	if err != nil {
		return err
	}
	for name, format := range extensionParts() {
		result := api.Build(api.BuildOptions{
			AbsWorkingDir: dir,
			EntryPoints:   []string{filepath.Join("extension", filepath.FromSlash(name))},
			Outdir:        filepath.Join(dir, "dist", "extension"),
			Bundle:        true,
			Format:        format,
			Target:        api.ES2022,
			Charset:       api.CharsetUTF8,
			MinifySyntax:  true, // and no more: those who review extensions read them
			LogLevel:      api.LogLevelSilent,
		})
		if len(result.Errors) > 0 {
			return fmt.Errorf("%s", strings.Join(api.FormatMessages(result.Errors, api.FormatMessagesOptions{
				Kind: api.ErrorMessage,
			}), "\n"))
		}
		for _, f := range result.OutputFiles {
			out["extension/"+filepath.Base(f.Path)] = f.Contents
		}
	}
	for _, pattern := range []string{"manifest.json", "*/*.html", "icons/*.png", "_locales/*/messages.json"} {
		if err := copyExtension(filepath.Join(dir, "extension"), pattern, out); err != nil {
			return err
		}
	}
	return nil
}

func copyExtension(from, pattern string, out map[string][]byte) error {
	names, err := filepath.Glob(filepath.Join(from, filepath.FromSlash(pattern)))
	if err != nil {
		return err
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		if filepath.Ext(name) == ".html" {
			rel = filepath.Base(name)
		}
		out["extension/"+filepath.ToSlash(rel)] = data
	}
	return nil
}
