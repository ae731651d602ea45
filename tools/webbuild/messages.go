package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"github.com/evanw/esbuild/pkg/api"
)

// messages makes a script of each catalogue of texts, messages/<language>.json,
// which pages fetch by itself: a reader downloads one language. What a language
// does not say yet is in English.
func messages() api.Plugin {
	return api.Plugin{Name: "messages", Setup: func(b api.PluginBuild) {
		b.OnLoad(api.OnLoadOptions{Filter: `[/\\]messages[/\\][a-z]+\.json$`}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
			all, err := catalogue(filepath.Join(filepath.Dir(a.Path), "en.json"))
			if err != nil {
				return api.OnLoadResult{}, err
			}
			own, err := catalogue(a.Path)
			if err != nil {
				return api.OnLoadResult{}, err
			}
			maps.Copy(all, own)
			text, err := json.Marshal(all) // by key, so that the same texts make the same file
			if err != nil {
				return api.OnLoadResult{}, fmt.Errorf("write the texts of %s: %w", a.Path, err)
			}
			script := "export default " + string(text)
			return api.OnLoadResult{Contents: &script, Loader: api.LoaderJS}, nil
		})
	}}
}

// catalogue reads the texts of one language.
func catalogue(path string) (map[string]json.RawMessage, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	texts := map[string]json.RawMessage{}
	if err := json.Unmarshal(data, &texts); err != nil {
		return nil, fmt.Errorf("read the texts of %s: %w", path, err)
	}
	return texts, nil
}
