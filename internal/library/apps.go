package library

// Held says how much there is of an app.
type Held struct {
	App       string
	Documents int
	Octets    int64
}

// Apps are those that have documents, by name; "" stands for the person's own files.
func (l *Library) Apps() []Held {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var out []Held
	for _, e := range l.index.byPath { // in the order of apps
		if e.app == personApp {
			continue
		}
		if len(out) == 0 || out[len(out)-1].App != e.app {
			out = append(out, Held{App: e.app})
		}
		last := &out[len(out)-1]
		last.Documents++
		last.Octets += e.size
	}
	return out
}
