package cli

import (
	"time"

	"github.com/schollz/progressbar/v3"
)

// lineEvery is how often progress becomes a line where there is no terminal.
const lineEvery = 5 * time.Second

// bar shows how far something is: a bar on a terminal, now and then a line
// elsewhere, nothing with --json.
type bar struct {
	p     *program
	what  string
	bar   *progressbar.ProgressBar // nil until there is something to show
	lines bool
	last  time.Time
}

func (p *program) newBar(what string, args ...any) *bar {
	return &bar{p: p, what: p.lang.Say(what, args...), lines: !isTerminal(p.Err), last: time.Now()}
}

// at shows that done of total is done; total is 0 while it is unknown.
func (b *bar) at(done, total int64) {
	switch {
	case b.p.json:
	case b.lines:
		if time.Since(b.last) >= lineEvery {
			b.last = time.Now()
			switch {
			case total > 0:
				b.p.note("%s: %s of %s", b.what, bytesText(done), bytesText(total))
			case done > 0:
				b.p.note("%s: %s", b.what, bytesText(done))
			default:
				b.p.note("%s", b.what)
			}
		}
	default:
		if b.bar == nil {
			b.bar = b.p.drawBar(b.what)
		}
		if total > 0 {
			b.bar.ChangeMax64(total)
		}
		_ = b.bar.Set64(done)
	}
}

func (p *program) drawBar(what string) *progressbar.ProgressBar {
	return progressbar.NewOptions64(-1,
		progressbar.OptionSetWriter(p.Err),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowBytes(true),
		progressbar.OptionUseIECUnits(true),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionFullWidth(),
	)
}

// end takes the bar away.
func (b *bar) end() {
	if b.bar != nil {
		_ = b.bar.Clear()
		b.bar = nil
	}
}
