package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// buildSDK adds assets/lp2p.js to out, which a node serves at /.kith/lp2p.js of
// every site: one script that works as a classic one, as a module and in workers.
func buildSDK(web string, out map[string][]byte, bundled map[string]bool) error {
	dir, err := filepath.Abs(web)
	if err != nil {
		return err
	}
	result := api.Build(api.BuildOptions{
		AbsWorkingDir:     dir,
		EntryPoints:       []string{"sdk/lp2p/src/polyfill.ts"},
		Outfile:           filepath.Join(dir, "dist", "assets", "lp2p.js"),
		Bundle:            true,
		Format:            api.FormatIIFE,
		Target:            api.ES2022,
		Charset:           api.CharsetASCII, // whatever a page says of its own
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		LegalComments:     api.LegalCommentsNone,
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
