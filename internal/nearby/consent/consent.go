package consent

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// Kind is what is agreed to.
type Kind string

// The kinds of agreement.
const (
	// Advertise lets devices nearby find an app that runs here.
	Advertise Kind = "advertise"
	// Reach lets an app here connect to one device.
	Reach Kind = "reach"
	// Incoming lets one device connect to an app here.
	Incoming Kind = "incoming"
	// Connect lets an origin of the web talk to this node.
	Connect Kind = "connect"
)

// Device is a device nearby, as people and the node know it.
type Device struct {
	// ID is what the device book calls it.
	ID string `json:"id,omitempty"`
	// Name is what the person calls it, or it itself.
	Name string `json:"name,omitempty"`
}

// Question is what a person is to decide.
type Question struct {
	Kind Kind
	// App asks, or for Incoming is asked for.
	App string
	// Nickname is what the page calls itself; for Incoming the page on the other
	// side. It is text of a stranger.
	Nickname string
	// Device wants to come in (Incoming), or is asked for (Reach, may be empty).
	Device Device
}

// Ask is a question that waits for an answer.
type Ask struct {
	ID       string    `json:"id"`
	Kind     Kind      `json:"kind"`
	App      string    `json:"app"`
	Nickname string    `json:"nickname,omitempty"`
	Device   *Device   `json:"device,omitempty"`
	Since    time.Time `json:"since"`
}

// Answer is a person's yes.
type Answer struct {
	// Device is the one that was chosen, for Reach.
	Device Device
	// Remember makes a grant of it.
	Remember bool
}

// Grant is a yes that was remembered.
type Grant struct {
	ID     string    `json:"id"`
	Kind   Kind      `json:"kind"`
	App    string    `json:"app"`
	Device *Device   `json:"device,omitempty"`
	Given  time.Time `json:"given"`
	// Used is when it last stood in for a question.
	Used time.Time `json:"used,omitzero"`
	// Secret is the hash of a capability, for Connect.
	Secret string `json:"-"`
}

// grantID names a grant; the same agreement has the same name again.
func grantID(kind Kind, app, more string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{string(kind), app, more}, "\x00")))
	return hex.EncodeToString(sum[:12])
}

// clean makes the text of a stranger one line of at most most octets.
func clean(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || isDirection(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "")
	}
	return strings.TrimSpace(text)
}

// isDirection reports whether r only turns the direction of the text around it,
// and could make a name look like another, or is a line of its own.
func isDirection(r rune) bool {
	return r >= 0x200e && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r >= 0x80 && r < 0xa0
}
