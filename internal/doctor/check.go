package doctor

import (
	"context"
	"sync"

	"github.com/kith-web/kith/internal/text"
)

// State is how a check came out.
type State string

// The states of a check.
const (
	OK      State = "ok"
	Warning State = "warning" // works, and could work better
	Failed  State = "failed"
	Skipped State = "skipped" // nothing to check here, or no way to
)

// Check is one thing that the doctor looked at.
type Check struct {
	Name    string `json:"name"`
	State   State  `json:"state"`
	Message string `json:"message"`
	// Hint is what to do about it; "" when there is nothing to do.
	Hint string `json:"hint,omitempty"`

	// What Message and Hint were made from, to be said in another language.
	message, hint text.Phrase
}

// Found says how the check came out, as fmt.Sprintf does.
func (c *Check) Found(state State, key string, args ...any) {
	c.State, c.message = state, text.Of(key, args...)
	c.Message = c.message.String()
}

// Also says more of what was found; the text begins with %s, for what was said.
func (c *Check) Also(key string, args ...any) {
	c.message = text.Of(key, append([]any{c.message}, args...)...)
	c.Message = c.message.String()
}

// Advise says what to do about it.
func (c *Check) Advise(key string, args ...any) { c.advise(text.Of(key, args...)) }

func (c *Check) advise(p text.Phrase) { c.hint, c.Hint = p, p.String() }

// In returns the check in a language.
func (c Check) In(l *text.Language) Check {
	if l == nil {
		return c
	}
	if said := c.message.In(l); c.Message == c.message.String() && said != "" {
		c.Message = said
	}
	if said := c.hint.In(l); c.Hint == c.hint.String() && said != "" {
		c.Hint = said
	}
	return c
}

// Options say what is to be examined.
type Options struct {
	// Home is the folder whose disk is looked at.
	Home string
	// Doors are the ports that others come to.
	Doors []Door
	// Interfaces are the names of those to multicast on; none for all.
	Interfaces []string
	// Devices are those that announce themselves in this network.
	Devices []Device
	// Clock knows what others' clocks say; nil where nobody was asked.
	Clock *Clock
}

// Examine makes every check, side by side; they come in a fixed order, the most
// important first. It needs a few seconds at most, less when ctx ends.
func Examine(ctx context.Context, o Options) []Check {
	s := system{}
	works := []func() []Check{
		func() []Check { return checkDoors(ctx, o.Doors) },
		func() []Check { return []Check{checkFirewall(ctx, s, o.Doors)} },
		func() []Check { return []Check{checkIPv6(ctx)} },
		func() []Check { return []Check{checkMulticast(ctx, o.Interfaces)} },
		func() []Check { return []Check{checkDevices(ctx, o.Devices)} },
		func() []Check { return []Check{checkBuffer(receiveBuffer)} },
		func() []Check { return []Check{checkDisk(o.Home, diskFree), checkFiles(openFiles)} },
		func() []Check { return []Check{checkClock(o.Clock, builtAt()), checkLocalhost(s)} },
	}
	found := make([][]Check, len(works))
	var group sync.WaitGroup
	for i, work := range works {
		group.Go(func() { found[i] = work() })
	}
	group.Wait()
	var all []Check
	for _, f := range found {
		all = append(all, f...)
	}
	return all
}
