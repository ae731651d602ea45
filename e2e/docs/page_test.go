package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/kith-web/kith/e2e/harness"
)

// block is one fenced block of commands, and what the HTML comments before it say.
//
//	<!-- node -->            it is 'kith up' alone, and goes on running
//	<!-- stays: TEXT -->     it goes on running, and has begun when it says TEXT
//	<!-- says: REGEXP -->    what it prints
//	<!-- soon: REGEXP -->    what it prints, if need be after some attempts
//	<!-- take: NAME REGEXP --> what stands for NAME in later blocks
//	<!-- at: WHO -->         it runs on WHO's own computer, in a room with the others'
//	<!-- last -->            it runs after all that stays has ended
type block struct {
	line    int
	script  string
	note    map[string]string
	ordinal int
}

// read returns the blocks of a page that are marked sh. What it does not understand
// fails t: a note that is misspelt would check nothing.
func read(t *testing.T, page string) []block {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(harness.Root(), "docs", "guide", page))
	if err != nil {
		t.Fatal(err)
	}
	note := regexp.MustCompile(`^<!-- (node|last|(?:stays|says|soon|take|at)(?:: .+)) -->$`)
	var out []block
	var in *block
	notes := map[string]string{}
	for i, line := range strings.Split(string(data), "\n") {
		m := note.FindStringSubmatch(line)
		switch {
		case in != nil && line == "```":
			out, in = append(out, *in), nil
		case in != nil:
			in.script += line + "\n"
		case m != nil:
			key, value, _ := strings.Cut(m[1], ": ")
			notes[key] = value
		case strings.HasPrefix(line, "<!--"):
			t.Fatalf("%s:%d: no such note: %s", page, i+1, line)
		case line == "```sh":
			in, notes = &block{line: i + 1, note: notes, ordinal: len(out)}, map[string]string{}
		case line != "" && len(notes) > 0:
			t.Fatalf("%s:%d: a note stands before no block", page, i+1)
		case strings.HasPrefix(line, "```"):
			t.Fatalf("%s:%d: a block that is not run", page, i+1)
		}
	}
	if in != nil || len(out) == 0 {
		t.Fatalf("%s has %d blocks, or one without an end", page, len(out))
	}
	return out
}

func (b block) String() string {
	return fmt.Sprintf("block %d at line %d:\n%s", b.ordinal, b.line, b.script)
}
