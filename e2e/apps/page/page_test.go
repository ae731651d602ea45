// Package page runs apps on plain web servers, whose pages have a peer of their
// own, in real browsers.
package page_test

import (
	"testing"
	"time"

	"github.com/kith-web/kith/e2e/harness"
)

const within = 10 * time.Minute

func TestPageHost(t *testing.T) {
	if testing.Short() {
		harness.Skip(t, "the browser tests are long")
	}
	cases := harness.NeedPlaywright(t, ".", within)
	cases.Env = []string{"TMPDIR=" + t.TempDir()}
	cases.Run(t)
}
