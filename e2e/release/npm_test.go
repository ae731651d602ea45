package release

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kith-web/kith/e2e/harness"
)

// TestNPMPackages packs the SDKs as they are published, installs them into an
// empty project, and compiles, bundles and runs a program that uses them.
func TestNPMPackages(t *testing.T) {
	t.Parallel()
	harness.Need(t, "npm")
	root, packed := harness.Root(), t.TempDir()
	tsc := filepath.Join(root, "web", "node_modules", ".bin", "tsc")
	esbuild := filepath.Join(root, "e2e", "node_modules", ".bin", "esbuild")
	for _, program := range []string{tsc, esbuild} {
		if _, err := os.Stat(program); err != nil {
			harness.Skip(t, "%s is missing: npm ci --prefix web && npm ci --ignore-scripts --prefix e2e", filepath.Base(program))
		}
	}
	in := func(dir, program string, args ...string) string {
		t.Helper()
		return harness.Run(t, harness.Program{Path: program, Args: args, Dir: dir, Env: []string{"npm_config_update_notifier=false"}})
	}
	install := []string{"install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"}
	for _, name := range []string{"kith", "lp2p"} {
		in(filepath.Join(root, "web", "sdk", name), "npm", "pack", "--silent", "--pack-destination", packed)
	}
	tarballs, err := filepath.Glob(filepath.Join(packed, "*.tgz"))
	must(t, err)
	if len(tarballs) != 2 {
		t.Fatalf("packed are %v", tarballs)
	}
	for _, tarball := range tarballs {
		checkTarball(t, tarball)
	}

	app := t.TempDir()
	for _, name := range []string{"package.json", "app.ts", "use.mjs"} {
		data, err := os.ReadFile(filepath.Join("testdata", "npm", name))
		must(t, err)
		must(t, os.WriteFile(filepath.Join(app, name), data, 0o644))
	}
	in(app, "npm", append(install, tarballs...)...)
	for module, resolution := range map[string]string{"ESNext": "bundler", "node16": "node16"} {
		in(app, tsc, "--noEmit", "--strict", "--exactOptionalPropertyTypes", "--target", "ES2022", "--types", "",
			"--lib", "ES2023,DOM,DOM.Iterable,DOM.AsyncIterable", "--module", module, "--moduleResolution", resolution, "app.ts")
	}
	in(app, esbuild, "app.ts", "--bundle", "--format=esm", "--splitting", "--outdir=out", "--log-level=warning")
	if out := in(app, "node", "use.mjs"); out != "used\n" {
		t.Errorf("the program in Node.js says %q", out)
	}
	// What a page needs beside the bundle is in the package, whole.
	dist := filepath.Join(app, "node_modules", "@kith", "sdk", "dist")
	needFiles(t, dist, "kith-sw.js", "kith/worker.js", "kith/sdk.js", "kith/kith.js", "kith/lp2p.js", "kith/people/index.html", "licenses.txt")
}

// checkTarball looks for what belongs into a package and what does not.
func checkTarball(t *testing.T, tarball string) {
	t.Helper()
	list := harness.Run(t, harness.Program{Path: "tar", Args: []string{"-tzf", tarball}})
	for _, need := range []string{"package/package.json\n", "package/README.md\n", "package/LICENSE\n", ".d.ts\n"} {
		if !strings.Contains(list, need) {
			t.Errorf("%s has no %s", filepath.Base(tarball), strings.TrimSpace(need))
		}
	}
	for line := range strings.Lines(list) {
		name := strings.TrimSpace(line)
		if strings.Contains(name, "node_modules") || strings.Contains(name, "test") || strings.Contains(name, "tsconfig") ||
			strings.HasSuffix(name, ".ts") && !strings.HasSuffix(name, ".d.ts") || strings.HasSuffix(name, ".map") {
			t.Errorf("%s has %s, which nobody needs", filepath.Base(tarball), name)
		}
	}
}

// needFiles checks that files are there, with something in them.
func needFiles(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() < 100 {
			t.Errorf("%s is missing or too small: %v", name, err)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
