package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"time"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/library"
	"github.com/kith-web/kith/internal/seal"
)

// request is one line of input.
type request struct {
	Do     string
	Path   string
	App    string
	Body   []byte
	Labels []string
	Reach  library.Reach
	Who    []string
	All    bool
	Puts   map[string][]byte
	Drops  []string
	Kind   int
	From   string
	Header map[string]string
	At     int64
	Handle string
}

// message is what another party is to be sent.
type message struct {
	To   string `json:"to"`
	Kind int    `json:"kind"`
	Body []byte `json:"body"`
}

// answer is one line of output.
type answer struct {
	Out    []message         `json:"out"`
	Error  string            `json:"error,omitempty"`
	Status int               `json:"status,omitempty"`
	Header map[string]string `json:"header,omitempty"`
	Body   []byte            `json:"body,omitempty"`
	Seen   *seen             `json:"seen,omitempty"`
	// Ask is a question of this device instead of an answer.
	Ask *question `json:"ask,omitempty"`
}

type question struct {
	Path   string            `json:"path"`
	Header map[string]string `json:"header"`
}

// seen is all that a person can see.
type seen struct {
	Items     []shown           `json:"items"`
	Records   map[string][]byte `json:"records"`
	Lists     []list            `json:"lists"`
	Deletions []deletion        `json:"deletions"`
	Wanted    []string          `json:"wanted"`
	Graves    int               `json:"graves"`
	Doubtful  bool              `json:"doubtful"`
}

type shown struct {
	Path     string   `json:"path"`
	App      string   `json:"app"`
	Handle   string   `json:"handle"`
	Revision string   `json:"revision"`
	Type     string   `json:"type"`
	Size     int64    `json:"size"`
	Labels   []string `json:"labels"`
	Reach    int      `json:"reach"`
	Friends  []string `json:"friends"`
	Created  int64    `json:"created"`
	Modified int64    `json:"modified"`
}

type list struct {
	Handle  string   `json:"handle"`
	Name    string   `json:"name"`
	Members []string `json:"members"`
}

type deletion struct {
	Group       string `json:"group"`
	Asked       int64  `json:"asked"`
	Settled     int64  `json:"settled"`
	Confirmed   int    `json:"confirmed"`
	Unreachable int    `json:"unreachable"`
	Waiting     int    `json:"waiting"`
}

// device is the library and what it runs on.
type device struct {
	options library.Options
	people  library.People
	library *library.Library
	in      *bufio.Reader
	out     *json.Encoder
	now     int64
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	dir, err := os.MkdirTemp("", "library")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	d := &device{in: bufio.NewReader(os.Stdin), out: json.NewEncoder(os.Stdout)}
	d.options = library.Options{
		Dir: dir, Key: bytes.Repeat([]byte{2}, 32), Device: seal.DeviceID{0xd0, 7: 2}, Quick: true,
		Now:  func() time.Time { return time.UnixMilli(d.now) },
		Rand: rand.NewChaCha8([32]byte{2}),
	}
	for {
		r, err := d.read()
		if err == io.EOF {
			return d.close()
		}
		if err != nil {
			return err
		}
		a, err := d.do(r)
		if err != nil {
			a = answer{Error: string(fault.KindOf(err)) + ": " + err.Error()}
		}
		if err := d.out.Encode(a); err != nil {
			return err
		}
	}
}

func (d *device) close() error {
	if d.library == nil {
		return nil
	}
	return d.library.Close()
}

func (d *device) read() (r request, err error) {
	line, err := d.in.ReadBytes('\n')
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(line, &r)
}

// start opens the library, anew when it is open.
func (d *device) start() ([]seal.Outgoing, error) {
	if err := d.close(); err != nil {
		return nil, err
	}
	var err error
	if d.library, err = library.Open(d.options); err != nil {
		return nil, err
	}
	return d.library.SetPeople(d.people), nil
}

func (d *device) do(r request) (answer, error) {
	ctx := context.Background()
	if r.At > 0 {
		d.now = r.At
	}
	var out []seal.Outgoing
	who, err := relations(r.Who...)
	if err != nil {
		return answer{}, err
	}
	from, err := relations(r.From)
	if err != nil {
		return answer{}, err
	}
	audience := library.Audience{Reach: r.Reach, Friends: who}
	switch r.Do {
	case "start":
		d.people = library.People{Devices: []library.Device{{Relation: from[0], ID: seal.DeviceID{0xd0, 7: 1}}}}
		for _, id := range who {
			d.people.Friends = append(d.people.Friends, library.Friend{Relation: id, All: true})
		}
		out, err = d.start()
	case "restart":
		out, err = d.start()
	case "put":
		_, out, err = d.library.Put(ctx, r.Path, bytes.NewReader(r.Body), library.PutOptions{App: r.App, Labels: r.Labels, Audience: &audience})
	case "remove":
		_, out, err = d.library.Remove(r.App, r.Path, r.All)
	case "share":
		_, out, err = d.library.Share(r.App, r.Path, r.All, audience)
	case "list":
		_, out, err = d.library.SetList(library.ListHandle{}, r.Path, who)
	case "records":
		out, err = d.library.Records().Put(r.Puts, r.Drops)
	case "handle":
		out, err = d.library.Handle(from[0], seal.Message{Kind: seal.MessageKind(r.Kind), Body: r.Body})
	case "sync":
		out = d.library.Sync(from[0])
	case "tick":
		out, err = d.library.Tick()
	case "answer":
		return d.answer(ctx, from[0], r)
	case "fetch":
		err = d.fetch(ctx)
	case "seen":
		s, err := d.seen()
		return answer{Seen: s}, err
	default:
		err = fault.New(fault.Invalid, "cannot do %q", r.Do)
	}
	if err != nil {
		return answer{}, err
	}
	return tell(out)
}

func tell(out []seal.Outgoing) (answer, error) {
	a := answer{Out: []message{}}
	for _, o := range out {
		body, err := seal.Marshal(o.Body)
		if err != nil {
			return a, err
		}
		if o.Body == nil {
			body = nil
		}
		a.Out = append(a.Out, message{To: fmt.Sprintf("%x", o.To[:]), Kind: int(o.Kind), Body: body})
	}
	return a, nil
}

func (d *device) answer(ctx context.Context, from seal.RelationID, r request) (answer, error) {
	reply, err := d.library.Answer(ctx, from, seal.Kind(r.Kind), seal.Request{Method: "GET", Path: r.Path, Header: r.Header})
	if err != nil {
		return answer{}, err
	}
	a := answer{Status: reply.Status, Header: reply.Header}
	if reply.Body != nil {
		defer reply.Body.Close()
		a.Body, err = io.ReadAll(reply.Body)
	}
	return a, err
}

// fetch brings all bodies that are missing.
func (d *device) fetch(ctx context.Context) error {
	for _, item := range d.library.Wanted(1000) {
		if err := d.library.Fetch(ctx, d, item.Handle); err != nil {
			return err
		}
	}
	return nil
}

// Ask asks the other device: a line out, and a line in.
func (d *device) Ask(_ context.Context, _ seal.RelationID, r seal.Request) (*seal.Reply, error) {
	if err := d.out.Encode(answer{Ask: &question{r.Path, r.Header}}); err != nil {
		return nil, err
	}
	got, err := d.read()
	if err != nil {
		return nil, err
	}
	return &seal.Reply{
		Status: got.Kind, Header: got.Header, Size: int64(len(got.Body)), Body: io.NopCloser(bytes.NewReader(got.Body)),
	}, nil
}

func (d *device) seen() (*seen, error) {
	s := &seen{
		Records: map[string][]byte{}, Lists: []list{}, Deletions: []deletion{}, Wanted: []string{},
		Graves: d.library.Stats().Graves, Doubtful: d.library.Stats().Doubtful,
	}
	for _, app := range []string{"", "album"} {
		items, err := d.library.List(library.ListOptions{App: app})
		if err != nil {
			return nil, err
		}
		for _, i := range items {
			s.Items = append(s.Items, show(i))
		}
	}
	err := d.library.Records().Each("", func(key string, value []byte) error {
		s.Records[key] = append([]byte{}, value...)
		return nil
	})
	for _, l := range d.library.Lists() {
		s.Lists = append(s.Lists, list{fmt.Sprintf("%x", l.Handle[:]), l.Name, hexes(l.Members)})
	}
	for _, x := range d.library.Deletions() {
		s.Deletions = append(s.Deletions, deletion{x.Group, x.Asked, x.Settled, x.Confirmed, x.Unreachable, x.Waiting})
	}
	for _, i := range d.library.Wanted(1000) {
		s.Wanted = append(s.Wanted, i.Path)
	}
	return s, err
}

func show(i library.Item) shown {
	return shown{
		Path: i.Path, App: i.App, Handle: i.Handle.String(), Revision: i.Revision.String(), Type: i.Type, Size: i.Size,
		Labels: append([]string{}, i.Labels...), Reach: int(i.Audience.Reach), Friends: hexes(i.Audience.Friends),
		Created: i.Created, Modified: i.Modified,
	}
}

// relations reads ids; an empty one is all zeros.
func relations(texts ...string) ([]seal.RelationID, error) {
	ids := make([]seal.RelationID, len(texts))
	for i, text := range texts {
		if _, err := hex.Decode(ids[i][:], []byte(text)); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

func hexes(ids []seal.RelationID) []string {
	all := make([]string, len(ids))
	for i, id := range ids {
		all[i] = fmt.Sprintf("%x", id[:])
	}
	return all
}
