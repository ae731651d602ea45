package app

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/fault"
)

// The grants that an app may ask for (spec/app-api.md §1.1).
const (
	GrantData    = "data"
	GrantFriends = "friends"
	GrantShare   = "share"
)

// Grant is what a person allowed an origin.
type Grant struct {
	// Label and URL are the origin's, Address the site's.
	Label   string `json:"label"`
	URL     string `json:"url"`
	Address string `json:"address"`
	// App is the name it acts under, Title what it calls itself.
	App   string `json:"app"`
	Title string `json:"title,omitempty"`
	// Granted is what it may; Asked has what the person decided on, granted or not.
	Granted []string `json:"granted"`
	Asked   []string `json:"asked"`
	// Friends are the IDs of those it sees.
	Friends []string  `json:"friends"`
	Mounts  []Mount   `json:"mounts"`
	Given   time.Time `json:"given"`
}

// Mount is a document or folder of somebody else under a path of the app.
type Mount struct {
	ID string `json:"id"`
	// At is the path of the app; a folder ends in a slash.
	At       string `json:"at"`
	Writable bool   `json:"writable"`
	// Friend is the ID of whose it is, "" for the person's own; App whose documents,
	// "" for those of no app; Path is a folder when At is one.
	Friend string `json:"friend,omitempty"`
	App    string `json:"app,omitempty"`
	Path   string `json:"path"`
}

func (g *Grant) has(grant string) bool { return g != nil && slices.Contains(g.Granted, grant) }

func (g *Grant) copy() Grant {
	out := *g
	out.Granted, out.Asked = slices.Clone(g.Granted), slices.Clone(g.Asked)
	out.Friends, out.Mounts = slices.Clone(g.Friends), slices.Clone(g.Mounts)
	return out
}

// grants are those of all origins, by label, kept durably.
type grants struct {
	store Bucket
	most  int

	mu  sync.Mutex
	all map[string]Grant
}

const grantKey = "grant/"

func openGrants(store Bucket, most int) (*grants, error) {
	g := &grants{store: store, most: most, all: map[string]Grant{}}
	err := store.Each(grantKey, func(key string, value []byte) error {
		var x Grant
		if err := json.Unmarshal(value, &x); err != nil {
			return fault.New(fault.Corrupt, "what %q may cannot be read: %w", key, err)
		}
		g.all[strings.TrimPrefix(key, grantKey)] = x
		return nil
	})
	return g, err
}

// of is what an origin may; nil for nothing.
func (g *grants) of(label string) *Grant {
	g.mu.Lock()
	defer g.mu.Unlock()
	x, ok := g.all[label]
	if !ok {
		return nil
	}
	c := x.copy()
	return &c
}

// list is what all may, by name of the app and label.
func (g *grants) list() []Grant {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := []Grant{}
	for _, x := range g.all {
		out = append(out, x.copy())
	}
	slices.SortFunc(out, func(a, b Grant) int {
		return strings.Compare(a.App+"\x00"+a.Label, b.App+"\x00"+b.Label)
	})
	return out
}

// actsAs are the other origins that act as an app.
func (g *grants) actsAs(app, but string) []string {
	var out []string
	for _, x := range g.list() {
		if x.App == app && x.Label != but {
			out = append(out, x.Address)
		}
	}
	return out
}

// change lets f change what an origin may, durably. made is what there is when
// there was nothing; nil wants that there was something.
func (g *grants) change(label string, made *Grant, f func(*Grant) error) (Grant, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	x, ok := g.all[label]
	switch {
	case ok:
		x = x.copy()
	case made == nil:
		return Grant{}, fault.New(fault.NotFound, "no app %.100q is connected", label).WithHint("'kith app ls' lists them")
	case len(g.all) >= g.most:
		return Grant{}, fault.New(fault.TooLarge, "%d apps are connected already", len(g.all)).WithHint("take some back")
	default:
		x = made.copy()
	}
	if err := f(&x); err != nil {
		return Grant{}, err
	}
	data, err := json.Marshal(x)
	if err != nil {
		return Grant{}, err
	}
	if err := g.store.Put(grantKey+label, data); err != nil {
		return Grant{}, err
	}
	g.all[label] = x
	return x.copy(), nil
}

// revoke takes all back.
func (g *grants) revoke(label string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := g.all[label]; !ok {
		return fault.New(fault.NotFound, "no app %.100q is connected", label).WithHint("'kith app ls' lists them")
	}
	if err := g.store.Delete(grantKey + label); err != nil {
		return err
	}
	delete(g.all, label)
	return nil
}
