package publish

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kith-web/kith/internal/engine"
)

// large is the size from which a file stands alone. Smaller ones are put side by
// side, so that a reader who fetches one piece of a torrent gets many of them.
const large = 1 << 20

// arrange puts files into the order their bytes are read and stored in: the
// small ones first, with the root's index page at their head, because a site
// begins with them; then the large ones, each of which an engine may align to a
// boundary. Hybrid torrents leave no choice: the order is that of the v2 file
// tree (BEP 52, "Upgrade path").
func arrange(files []engine.SourceFile, hybrid bool) {
	slices.SortFunc(files, func(a, b engine.SourceFile) int {
		if hybrid {
			return byTree(a.Path, b.Path)
		}
		return cmp.Or(cmp.Compare(rank(a), rank(b)), byTree(a.Path, b.Path))
	})
}

func rank(f engine.SourceFile) int {
	switch {
	case f.Size >= large:
		return 2
	case f.Path == "index.html":
		return 0
	}
	return 1
}

// byTree compares paths as a walk does that visits names in the order of their
// octets: part by part.
func byTree(a, b string) int {
	for {
		x, restA, moreA := strings.Cut(a, "/")
		y, restB, moreB := strings.Cut(b, "/")
		if c := strings.Compare(x, y); c != 0 {
			return c
		}
		if !moreA || !moreB {
			return cmp.Compare(len(restA), len(restB))
		}
		a, b = restA, restB
	}
}
