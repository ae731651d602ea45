package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"kith": main})
}

// TestScripts runs every script in testdata/script against the real program.
// README.md there tells the commands that scripts have besides the usual ones.
func TestScripts(t *testing.T) {
	offline, err := os.ReadFile(filepath.Join("testdata", "offline.toml"))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(env *testscript.Env) error {
			env.Values[nodesKey{}] = &nodes{running: map[string]*running{}}
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("XDG_DATA_HOME", filepath.Join(env.WorkDir, ".data"))
			env.Setenv("KITH_HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("KITH_LISTEN", "127.0.0.1:0")
			env.Setenv("OFFLINE", filepath.Join(env.WorkDir, "offline.toml"))
			return os.WriteFile(filepath.Join(env.WorkDir, "offline.toml"), offline, 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"up": up, "end": end, "kill9": kill9, "sql": execSQL, "field": field, "occupy": occupy, "mode": mode,
			"fetch": fetch, "exitcode": exitCode, "begin": begin, "await": await, "interrupt": interrupt,
		},
		RequireUniqueNames: true,
	})
}
