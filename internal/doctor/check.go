package doctor

import (
	"context"
	"sync"
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
