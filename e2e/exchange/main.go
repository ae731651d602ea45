package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/kith-web/kith/internal/exchange"
	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// patience is how long anything may take on a machine that is busy.
const patience = 2 * time.Minute

// request is one line of input, answer one of output.
type (
	request struct {
		Do       string
		Relation string // of start: its CBOR, hexadecimal
		N        int
		Path     string
	}
	answer struct {
		Error  string `json:"error,omitempty"`
		Status int    `json:"status,omitempty"`
		Size   int64  `json:"size,omitempty"`
		Hash   string `json:"hash,omitempty"`
		Twice  int    `json:"twice"`
	}
)

// side is this side of the relation.
type side struct {
	people *people
	peer   *exchange.Peer

	mu      sync.Mutex
	handled map[seal.MessageID]int
	heard   chan struct{}
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	s := &side{handled: map[seal.MessageID]int{}, heard: make(chan struct{}, 1)}
	in := bufio.NewReader(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return nil // who asked has ended
		}
		var q request
		if err := json.Unmarshal(line, &q); err != nil {
			return err
		}
		a, err := s.do(q)
		if err != nil {
			a.Error = err.Error()
		}
		if err := out.Encode(a); err != nil {
			return err
		}
	}
}

func (s *side) do(q request) (answer, error) {
	switch q.Do {
	case "start":
		return answer{}, s.start(q.Relation)
	case "send":
		id := seal.MessageID{15: byte(q.N), 14: byte(q.N >> 8), 0: 2}
		return answer{}, s.peer.Send(seal.Outgoing{To: s.people.r.ID, Kind: seal.Changed, ID: id})
	case "ask":
		return s.ask(q.Path)
	case "until":
		return s.until(q.N)
	}
	return answer{}, fault.New(fault.Invalid, "cannot do %q", q.Do)
}

func (s *side) start(relation string) error {
	octets, err := hex.DecodeString(relation)
	if err != nil {
		return err
	}
	s.people = &people{}
	if err := seal.Unmarshal(octets, &s.people.r); err != nil {
		return err
	}
	s.peer, err = exchange.NewPeer(exchange.PeerOptions{
		Core:     exchange.Options{People: s.people, Handler: s, Local: local{}, Now: time.Now, Rand: rand.Reader},
		Answerer: s, MovedWithin: 100 * time.Millisecond,
	})
	if err != nil {
		return err
	}
	go func() {
		if err := s.peer.Run(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}()
	return nil
}

// Handle notes what came.
func (s *side) Handle(_ seal.RelationID, m seal.Message) ([]seal.Outgoing, error) {
	s.mu.Lock()
	s.handled[m.ID]++
	s.mu.Unlock()
	select {
	case s.heard <- struct{}{}:
	default:
	}
	return nil, nil
}

// until waits until n messages came, and says how many came twice.
func (s *side) until(n int) (a answer, err error) {
	late := time.After(patience)
	for {
		s.mu.Lock()
		got := len(s.handled)
		a.Twice = 0
		for _, times := range s.handled {
			if times > 1 {
				a.Twice++
			}
		}
		s.mu.Unlock()
		if got >= n {
			return a, nil
		}
		select {
		case <-s.heard:
		case <-late:
			return a, fault.New(fault.Unreachable, "%d of %d messages came", got, n)
		}
	}
}

// Answer answers /<size> with so many octets.
func (s *side) Answer(_ context.Context, _ seal.RelationID, _ seal.Kind, q seal.Request) (*seal.Reply, error) {
	size, err := strconv.Atoi(strings.TrimPrefix(q.Path, "/"))
	if err != nil {
		return &seal.Reply{Status: 404}, nil
	}
	body := make([]byte, size)
	for i := range body {
		body[i] = byte(i * 7 % 251)
	}
	return &seal.Reply{
		Status: 200, Header: map[string]string{"content-type": "application/octet-stream"},
		Body: io.NopCloser(bytes.NewReader(body)), Size: int64(size),
	}, nil
}

// ask asks the other side and reads the answer to its end.
func (s *side) ask(path string) (answer, error) {
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	got, err := s.peer.Ask(ctx, s.people.r.ID, seal.Request{Method: "GET", Path: path}, exchange.AskOptions{Wait: patience})
	if err != nil || got.Reply == nil {
		return answer{}, fault.New(fault.Unreachable, "no answer to %s: %v", path, err)
	}
	h := sha256.New()
	n, err := io.Copy(h, got.Reply.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{Status: got.Reply.Status, Size: n, Hash: hex.EncodeToString(h.Sum(nil))}
	return a, got.Reply.Body.Close()
}
