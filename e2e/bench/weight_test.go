package bench

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kith-web/kith/e2e/figure"
	"github.com/kith-web/kith/e2e/harness"
)

// squeeze prints what each file that is named weighs after brotli at its best.
const squeeze = `const { brotliCompressSync, constants: c } = require("node:zlib");
console.log(JSON.stringify(process.argv.slice(1).map((f) => brotliCompressSync(require("node:fs").readFileSync(f), { params: { [c.BROTLI_PARAM_QUALITY]: 11 } }).length)));`

// TestWeight weighs what browsers load.
func TestWeight(t *testing.T) {
	if os.Getenv(figure.EnvResults) == "" {
		t.Skipf("weighed when %s is set", figure.EnvResults)
	}
	node := harness.Need(t, "node")
	dist := filepath.Join(harness.Root(), "web", "dist")
	weigh := func(names ...string) float64 {
		t.Helper()
		args := []string{"-e", squeeze}
		for _, name := range names {
			args = append(args, filepath.Join(dist, filepath.FromSlash(name)))
		}
		out, err := exec.Command(node, args...).Output()
		must(t, err)
		var all []int
		must(t, json.Unmarshal(out, &all))
		sum := 0
		for _, n := range all {
			sum += n
		}
		return float64(sum) / 1000
	}
	first := []string{"peer/kith-sw.js", "peer/kith/sdk.js"} // what web/test/peer/budget.test.ts holds within its bounds
	whole := first
	names, err := filepath.Glob(filepath.Join(dist, "peer", "kith", "*.js"))
	must(t, err)
	for _, name := range names {
		base := filepath.Base(name)
		if base != "sdk.js" && !strings.HasPrefix(base, "kith") && !strings.HasPrefix(base, "memory") && !strings.HasPrefix(base, "lp2p") && !strings.HasPrefix(base, "words") {
			whole = append(whole, "peer/kith/"+base)
		}
	}
	for i, w := range []struct {
		title string
		goal  float64
		text  string
		files []string
	}{
		{"A visit's runtime before the first paint", 15, "at most 15 KB", []string{"visit/loader.js"}},
		{"The browser peer before its first use", 30, "at most 30 KB", first},
		{"The browser peer in all", 80, "at most 80 KB", whole},
	} {
		figure.Save(t, figure.Figure{
			Group: "weight", Place: i + 1, Title: w.title, Unit: "KB after brotli", Goal: figure.Reach(w.text, w.goal),
			Contestants: []figure.Contestant{{Name: "Kith", Samples: []float64{weigh(w.files...)}}},
		})
	}
}
