package exchange

import (
	"time"

	"github.com/kith-web/kith/internal/seal"
)

// Meetings (spec §5.4) are of browsers.
const (
	meetingLate = 2 * time.Minute // by two clocks
	meetingBack = time.Minute
)

// meeting leaves a meeting to another device of the person, which may be a browser:
// this one is none. When it is too late for anybody, it is dropped.
func (c *Core) meeting(r seal.Relation, d Delivery, m seal.Message) verdict {
	late := c.now().Sub(time.UnixMilli(m.Sent)).Abs() > meetingLate
	if late || d.Direct || r.Kind != seal.Friend || len(c.ownDevices()) == 0 {
		return verdict{}
	}
	return verdict{back: meetingBack}
}
