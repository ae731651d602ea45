package publish

import (
	"strings"
	"time"

	"github.com/kith-web/kith/internal/address"
)

// patternDomain stands for the person's own domain in DNS records.
const patternDomain = "example.org"

// Progress is how far a publication is.
type Progress struct {
	// File is the path of the file being read; "" once engines finish.
	File string `json:"file,omitempty"`
	// Files counts files that are done, Bytes the bytes.
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
	// Total is the size of the whole folder in bytes.
	Total int64 `json:"total"`
}

// Publication is what became of a folder.
type Publication struct {
	// ID identifies the publication on this node; publishing the same folder
	// again keeps it.
	ID string `json:"id"`
	// Name is what the site calls itself, Mutable its mutable name, "" for none.
	Name    string `json:"name"`
	Mutable string `json:"mutable,omitempty"`
	// Folder is the absolute path of what was published.
	Folder string `json:"folder"`
	// IPFS and WTP are the immutable addresses, Magnet the second as a magnet
	// link; "" where the engine is off.
	IPFS   string `json:"ipfs,omitempty"`
	WTP    string `json:"wtp,omitempty"`
	Magnet string `json:"magnet,omitempty"`
	// IPNS and WTPKey are the mutable addresses; "" without a name.
	IPNS   string `json:"ipns,omitempty"`
	WTPKey string `json:"wtpkey,omitempty"`
	// URLs open the site through this node's gateway, one for each address.
	URLs []string `json:"urls"`
	// DNS are the records that make a domain lead to the site: of the name when
	// it is a domain, else of example.org as a pattern.
	DNS []Record `json:"dns"`
	// Files and Bytes count what is in it; Reused is how many of the bytes did
	// not have to be read again.
	Files  int   `json:"files"`
	Bytes  int64 `json:"bytes"`
	Reused int64 `json:"reused"`
	// Skipped lists what was left out of the folder, and why.
	Skipped []Skipped `json:"skipped,omitempty"`
	// Hybrid, Trackers and WebSeeds are as requested.
	Hybrid   bool     `json:"hybrid,omitempty"`
	Trackers []string `json:"trackers,omitempty"`
	WebSeeds []string `json:"webSeeds,omitempty"`
	// Published is when.
	Published time.Time `json:"published"`
}

// Record is one DNS record to paste.
type Record struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Value string `json:"value"`
}

// Skipped is one path that was left out.
type Skipped struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// complete adds what follows from the addresses: URLs and DNS records.
func (p Publication) complete(gateway string) Publication {
	p.URLs = []string{}
	for _, s := range []string{p.IPFS, p.WTP, p.IPNS, p.WTPKey} {
		if a, err := address.Parse(s); err == nil && s != "" {
			if u, err := a.URL(gateway); err == nil {
				p.URLs = append(p.URLs, u)
			}
		}
	}
	p.DNS = p.records()
	return p
}

// records are the TXT records for the site: the mutable addresses where there
// are any, since then the records never change again.
func (p Publication) records() []Record {
	host := domain(p.Mutable)
	if host == "" {
		host = patternDomain
	}
	out := []Record{}
	if path := firstOf(p.IPNS, p.IPFS); path != "" {
		scheme, rest, _ := strings.Cut(path, "://")
		out = append(out, Record{"_dnslink." + host, "TXT", "dnslink=/" + scheme + "/" + rest})
	}
	if key := firstOf(p.WTPKey, p.WTP); key != "" {
		_, rest, _ := strings.Cut(key, "://")
		out = append(out, Record{host, "TXT", "wtpkey=" + rest})
	}
	return out
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
