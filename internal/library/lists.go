package library

import (
	"encoding/hex"
	"io"
	"slices"
	"strings"

	"github.com/kith-web/kith/internal/fault"
	"github.com/kith-web/kith/internal/seal"
)

// Lists are records: list/<handle> has the name; list/<handle>/<relation> says
// that somebody is in it. So two devices that add to one list at the same time
// both have their way.
const listPrefix = "list/"

// List is a list of friends.
type List struct {
	Handle  ListHandle
	Name    string
	Members []seal.RelationID
}

// lists is what audiences are looked up in.
type lists struct {
	names   map[ListHandle]string
	members map[ListHandle]map[seal.RelationID]bool
}

func newLists() lists {
	return lists{map[ListHandle]string{}, map[ListHandle]map[seal.RelationID]bool{}}
}

func (s *lists) has(h ListHandle, id seal.RelationID) bool { return s.members[h][id] }

// parse takes the key of a record apart.
func (s *lists) parse(key string) (h ListHandle, id seal.RelationID, member, ok bool) {
	list, who, member := strings.Cut(strings.TrimPrefix(key, listPrefix), "/")
	if n, err := hex.Decode(h[:], short(list, len(h))); err != nil || n != len(h) {
		return h, id, false, false
	}
	if member {
		if n, err := hex.Decode(id[:], short(who, len(id))); err != nil || n != len(id) {
			return h, id, false, false
		}
	}
	return h, id, member, true
}

// short keeps what is decoded within its bounds.
func short(s string, n int) []byte {
	if len(s) != 2*n {
		return nil
	}
	return []byte(s)
}

func (s *lists) learn(key string, value []byte) error {
	h, id, member, ok := s.parse(key)
	if !ok {
		return nil
	}
	if !member {
		s.names[h] = string(value)
		return nil
	}
	if s.members[h] == nil {
		s.members[h] = map[seal.RelationID]bool{}
	}
	s.members[h][id] = true
	return nil
}

func (s *lists) unlearn(key string) {
	if !strings.HasPrefix(key, listPrefix) {
		return
	}
	h, id, member, ok := s.parse(key)
	switch {
	case !ok:
	case member:
		delete(s.members[h], id)
	default:
		delete(s.names, h)
	}
}

func listKey(h ListHandle) string { return listPrefix + hex.EncodeToString(h[:]) }

func memberKey(h ListHandle, id seal.RelationID) string {
	return listKey(h) + "/" + hex.EncodeToString(id[:])
}

// Lists are the person's lists of friends, by name.
func (l *Library) Lists() []List {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var all []List
	for h, name := range l.lists.names {
		all = append(all, List{h, name, l.lists.line(h)})
	}
	slices.SortFunc(all, func(a, b List) int {
		return strings.Compare(a.Name+string(a.Handle[:]), b.Name+string(b.Handle[:]))
	})
	return all
}

// line are the members of a list in the order of their ids.
func (s *lists) line(h ListHandle) []seal.RelationID {
	var ids []seal.RelationID
	for id := range s.members[h] {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b seal.RelationID) int { return strings.Compare(string(a[:]), string(b[:])) })
	return ids
}

// SetList names a list, makes it when h is zero, and gives it these members. It
// returns its handle. Friends who came or went are told that there may be
// something new for them; those who went are asked to purge what they were sent
// and may see no longer.
func (l *Library) SetList(h ListHandle, name string, members []seal.RelationID) (ListHandle, []seal.Outgoing, error) {
	if name == "" || len(name) > 64 || len(members) > maxFriends {
		return h, nil, fault.New(fault.Invalid, "a list %q of %d friends", name, len(members)).
			WithHint("a name has 1 to 64 octets, a list at most %d friends", maxFriends)
	}
	if h == (ListHandle{}) {
		if _, err := io.ReadFull(l.rand, h[:]); err != nil {
			return h, nil, err
		}
	}
	puts := map[string][]byte{}
	var deletes []string
	l.mu.RLock()
	was := l.lists.line(h)
	if l.lists.names[h] != name {
		puts[listKey(h)] = []byte(name)
	}
	l.mu.RUnlock()
	var touched []seal.RelationID
	for _, id := range members {
		if !slices.Contains(was, id) {
			puts[memberKey(h, id)] = []byte{1}
			touched = append(touched, id)
		}
	}
	for _, id := range was {
		if !slices.Contains(members, id) {
			deletes = append(deletes, memberKey(h, id))
			touched = append(touched, id)
		}
	}
	out, err := l.regroup(puts, deletes, touched)
	return h, out, err
}

// RemoveList removes a list; whoever saw something by it alone sees it no longer.
func (l *Library) RemoveList(h ListHandle) ([]seal.Outgoing, error) {
	l.mu.RLock()
	_, known := l.lists.names[h]
	was := l.lists.line(h)
	l.mu.RUnlock()
	if !known {
		return nil, fault.New(fault.NotFound, "there is no such list")
	}
	deletes := []string{listKey(h)}
	for _, id := range was {
		deletes = append(deletes, memberKey(h, id))
	}
	return l.regroup(nil, deletes, was)
}

// regroup changes lists, and looks after those who came or went.
func (l *Library) regroup(puts map[string][]byte, deletes []string, who []seal.RelationID) ([]seal.Outgoing, error) {
	l.mu.Lock()
	held := l.holdings(who)
	l.mu.Unlock()
	out, err := l.Records().Put(puts, deletes)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var lost []loss
	touched := map[seal.RelationID]bool{}
	for _, id := range who {
		touched[id] = true
		f, ok := l.circle.friends[id]
		v := l.viewer(f)
		for _, e := range held[id] {
			if now := l.index.byHandle[e.handle]; now != nil && !(ok && v.sees(now)) {
				lost = append(lost, loss{entry: now, had: []seal.RelationID{id}})
			}
		}
	}
	ws, purges, err := l.ask(lost)
	if err != nil {
		return nil, err
	}
	more, err := l.change(ws)
	if err != nil {
		return nil, err
	}
	out = append(append(out, more...), purges...)
	return append(out, l.tell(touched)...), nil
}

// holdings are the entries that friends were sent something of.
func (l *Library) holdings(who []seal.RelationID) map[seal.RelationID][]*entry {
	held := map[seal.RelationID][]*entry{}
	for _, e := range l.index.byPath {
		for _, id := range e.sent {
			if slices.Contains(who, id) {
				held[id] = append(held[id], e)
			}
		}
	}
	return held
}
