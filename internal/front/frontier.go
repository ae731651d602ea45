package front

import (
	"sync"
	"time"
)

// again is after how long a path that was not for the manifest is looked at anew.
const again = 10 * time.Minute

// frontier is what is still to be looked at: first what visitors asked for, then
// what pages link to.
type frontier struct {
	limit int // of paths that are found by links

	mu     sync.Mutex
	asked  []wanted // by visitors
	found  []wanted // by links
	known  map[string]bool
	looked map[string]time.Time // when a visitor's path was looked at
}

// maxAsked bounds the paths of visitors that wait, and those that are remembered.
const maxAsked = 1024

// maxTries is how often a path is looked at whose server does not answer.
const maxTries = 5

func newFrontier(limit int) *frontier {
	return &frontier{limit: max(limit, 0), known: map[string]bool{}, looked: map[string]time.Time{}}
}

// link adds a path that a page links to.
func (q *frontier) link(path string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.known) < q.limit && !q.known[path] {
		q.known[path] = true
		q.found = append(q.found, wanted{path: path})
	}
}

// visited adds a path that a visitor asked for.
func (q *frontier) visited(path string, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if at, ok := q.looked[path]; ok && now.Sub(at) < again || len(q.asked) >= maxAsked {
		return
	}
	if len(q.looked) >= maxAsked {
		for old, at := range q.looked {
			if now.Sub(at) >= again || len(q.looked) >= maxAsked {
				delete(q.looked, old)
			}
		}
	}
	q.looked[path] = now
	q.asked = append(q.asked, wanted{path: path, asked: true})
}

// back puts a path back that could not be looked at, a few times.
func (q *frontier) back(p wanted) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch p.tries++; {
	case p.tries >= maxTries:
	case p.asked:
		q.asked = append(q.asked, p)
	default:
		q.found = append(q.found, p)
	}
}

// wanted is a path that is to be looked at.
type wanted struct {
	path  string
	asked bool // by a visitor
	tries int
}

// next takes the path that is to be looked at next.
func (q *frontier) next() (wanted, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, queue := range []*[]wanted{&q.asked, &q.found} {
		if len(*queue) > 0 {
			p := (*queue)[0]
			*queue = (*queue)[1:]
			return p, true
		}
	}
	return wanted{}, false
}
