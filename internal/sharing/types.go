package sharing

import (
	"io"
	"time"
)

// Person is what a person sees of themselves.
type Person struct {
	// Exists is false before the first friend, document or device.
	Exists bool   `json:"exists"`
	Name   string `json:"name,omitempty"`
	// Guard says what keeps the key of everything at rest: "keyring",
	// "passphrase" or "file".
	Guard string `json:"guard,omitempty"`
	// GuardNote says what that keeps whom from.
	GuardNote string `json:"guardNote,omitempty"`
	Locked    bool   `json:"locked"`
	// PhraseUnseen is true until the person said that the recovery phrase is
	// written down.
	PhraseUnseen bool `json:"phraseUnseen"`
	// Removed is true on a device that another one shut out.
	Removed bool `json:"removed,omitempty"`
	// Doubtful is true on a device that was put back from a copy, or away for very
	// long, until another one told it what was deleted meanwhile: what it had before
	// is not shown.
	Doubtful  bool     `json:"doubtful,omitempty"`
	Device    string   `json:"device,omitempty"` // the ID of this one
	Relays    []Relay  `json:"relays"`
	Direct    []string `json:"direct"` // URLs at which friends reach this device
	Documents int      `json:"documents"`
	Octets    int64    `json:"octets"`
}

// Relay is one that keeps this person's mailboxes.
type Relay struct {
	URL       string `json:"url"`
	Connected bool   `json:"connected"`
	Error     string `json:"error,omitempty"`
}

// Device is one of the person's own.
type Device struct {
	ID    string     `json:"id"`
	Name  string     `json:"name"`
	This  bool       `json:"this"`
	Added time.Time  `json:"added"`
	Heard *time.Time `json:"heard,omitempty"`
	Holds Holding    `json:"holds"`
}

// Holding is which bodies a device keeps: "all", "recent" (used or changed
// within Days) or "apps" (those of Apps).
type Holding struct {
	Kind string   `json:"kind"`
	Days int      `json:"days,omitempty"`
	Apps []string `json:"apps,omitempty"`
}

// Invitation is a link that waits for somebody.
type Invitation struct {
	ID      string    `json:"id"`
	Link    string    `json:"link,omitempty"`
	Kind    string    `json:"kind"` // "friend" or "device"
	For     string    `json:"for,omitempty"`
	Expires time.Time `json:"expires"`
}

// Friend is one of at most 250.
type Friend struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Says     string    `json:"says,omitempty"` // what they call themselves
	Since    time.Time `json:"since"`
	Pending  bool      `json:"pending"` // the invitation was accepted, the other side has not answered
	Verified bool      `json:"verified"`
	Blocked  bool      `json:"blocked"`
	Safety   string    `json:"safety,omitempty"` // the code to compare
	// Changed says that all keys changed after the codes were compared.
	Changed bool       `json:"changed,omitempty"`
	Direct  bool       `json:"direct"`
	Heard   *time.Time `json:"heard,omitempty"`
	Waiting int        `json:"waiting"` // messages that have not left
	// Refused says that no relay has a mailbox of theirs any more: they were away for
	// very long, or are no more.
	Refused bool `json:"refused,omitempty"`
}

// Removal says what removing a friend did.
type Removal struct {
	Copies    int `json:"copies"`    // of theirs, erased here
	Asked     int `json:"asked"`     // documents they were asked to erase
	Audiences int `json:"audiences"` // documents that named them
}

// Link is a device on its way in: both sides show the code, and the person
// confirms it on both.
type Link struct {
	ID  string `json:"id"`
	New bool   `json:"new"` // this device is the one that comes
	// Link is what to take to a device of the person, on the new one, until it
	// answered.
	Link string `json:"link,omitempty"`
	// Safety is the code to compare, once there is one.
	Safety  string    `json:"safety,omitempty"`
	State   string    `json:"state"` // "waiting", "compare", "confirmed", "linked"
	Expires time.Time `json:"expires"`
}

// Audience is who may see a document.
type Audience struct {
	// Kind is "nobody", "some" or "all".
	Kind    string   `json:"kind"`
	Friends []string `json:"friends,omitempty"` // names or IDs
	Lists   []string `json:"lists,omitempty"`
}

// Document is what is told of one.
type Document struct {
	Path     string    `json:"path"`
	App      string    `json:"app,omitempty"`
	Type     string    `json:"type"`
	Size     int64     `json:"size"`
	ETag     string    `json:"etag"`
	Labels   []string  `json:"labels,omitempty"`
	Audience *Audience `json:"audience,omitempty"` // own ones only
	Modified time.Time `json:"modified"`
	Here     bool      `json:"here"` // its body is on this device
}

// Put is a document on its way in.
type Put struct {
	Path     string
	App      string
	Type     string // "" for one by the name
	Labels   []string
	Audience *Audience // nil leaves it, or nobody for a new one
	// IfMatch and IfNoneMatch are conditions of RFC 9110; "" for none.
	IfMatch, IfNoneMatch string
	Body                 io.Reader
	Size                 int64 // -1 when it is not known
}

// Part says which octets of a document a Put has, as Content-Range does.
type Part struct {
	From   int64 // the first of them
	Length int64 // how many
	Total  int64 // of the whole document; -1 while that is not known
}

// Parts says how far a document that comes in parts is.
type Parts struct {
	// Whole says that the document is complete: it is Document.
	Whole    bool     `json:"whole"`
	Document Document `json:"document,omitzero"`
	// Have is how many octets from the beginning are here, Total of how many; -1
	// while that is not known.
	Have  int64 `json:"have"`
	Total int64 `json:"total"`
}

// Page chooses what Documents tells.
type Page struct {
	App    string
	Folder string // "" for all; what is in folders below it, too
	Label  string // "" for any
	After  string // a path: begin behind it
	Most   int    // 0 for all
}

// Change changes what is told of a document; nil leaves a field.
type Change struct {
	Audience *Audience `json:"audience,omitempty"`
	Share    *Audience `json:"share,omitempty"`   // adds
	Unshare  *Audience `json:"unshare,omitempty"` // takes away
	Labels   *[]string `json:"labels,omitempty"`
	Path     string    `json:"path,omitempty"`
}

// Deleted says what a deletion came to.
type Deleted struct {
	Documents int       `json:"documents"`
	Receipts  []Receipt `json:"receipts,omitempty"`
}

// Receipt is how far the deletion of documents got with one friend: "asked",
// "confirmed" or "unreachable". When all have answered, names and paths are
// shredded, and how many Friends there were is left.
type Receipt struct {
	ID      string    `json:"id"`
	Friend  string    `json:"friend,omitempty"`
	Friends int       `json:"friends,omitempty"`
	Paths   []string  `json:"paths"`
	State   string    `json:"state"`
	Asked   time.Time `json:"asked"`
	// Answered is when it was confirmed.
	Answered *time.Time `json:"answered,omitempty"`
}

// List is a named group of friends.
type List struct {
	Name    string   `json:"name"`
	Friends []string `json:"friends"`
}

// Ask is a question to a friend.
type Ask struct {
	Friend string
	Path   string // begins with "/"; ends with "/" for a listing; may have a query
	// Wait is how long to wait for an answer before the question is left to
	// itself.
	Wait time.Duration
	// App is whose documents are asked for, which Path is a path among; "" for the
	// friend's own files.
	App string
	// Fresh asks even where a copy need not be asked about.
	Fresh bool
}

// Answer is what a friend has at a path. Body is to be closed.
type Answer struct {
	ETag     string
	Type     string
	Modified time.Time // zero when it was not said
	Body     Body
	Size     int64
	// Until is how long it may be kept, Fetched when it was last known to be right,
	// and Fresh until when it need not be asked about.
	Until, Fetched, Fresh time.Time
	// Stale is true for a copy whose owner could not be asked.
	Stale bool
	// Pending is the ID of a question that nobody answered yet; the rest is empty.
	Pending string
	// Open is the ID of the question that waits for something newer, where this is a
	// copy that could be used meanwhile.
	Open string
}

// Question is one that waits for its answer, or for somebody to take it.
type Question struct {
	ID     string    `json:"id"`
	Friend string    `json:"friend"`
	Path   string    `json:"path"`
	Asked  time.Time `json:"asked"`
	Sent   bool      `json:"sent"`  // a mailbox has it
	State  string    `json:"state"` // "waiting", "answered"
	Status int       `json:"status,omitempty"`
}

// State is everything a page shows; Version grows with each change.
type State struct {
	Version     uint64       `json:"version"`
	Person      Person       `json:"person"`
	Devices     []Device     `json:"devices"`
	Links       []Link       `json:"links"`
	Friends     []Friend     `json:"friends"`
	Invitations []Invitation `json:"invitations"`
	Lists       []List       `json:"lists"`
	Questions   []Question   `json:"questions"`
	Receipts    []Receipt    `json:"receipts"`
}

// FriendChange changes what this person knows of a friend; nil leaves a field.
type FriendChange struct {
	Name     *string `json:"name,omitempty"`
	Verified *bool   `json:"verified,omitempty"`
	Blocked  *bool   `json:"blocked,omitempty"`
}

// Body is a document's, to be read from anywhere, and closed.
type Body interface {
	io.ReadSeeker
	io.Closer
}
