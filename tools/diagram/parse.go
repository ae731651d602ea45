package main

import (
	"fmt"
	"slices"
	"strings"
)

// Kinds of step.
const (
	arrow   = "arrow"
	note    = "note"
	divider = "divider"
)

// step is one line of a description.
type step struct {
	kind     string
	from, to int // columns; of a note the first and the last
	dashed   bool
	lines    []string
}

// diagram is a description.
type diagram struct {
	title  string
	actors []string
	steps  []step
}

// Most characters of a line of text.
const (
	arrowWidth = 38
	noteWidth  = 44
)

func parse(text string) (*diagram, error) {
	d := &diagram{}
	for i, line := range strings.Split(text, "\n") {
		if err := d.add(strings.TrimSpace(line)); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	if d.title == "" || len(d.actors) == 0 || len(d.steps) == 0 {
		return nil, fmt.Errorf("a diagram has a title, actors and steps")
	}
	return d, nil
}

func (d *diagram) add(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	head, text, _ := strings.Cut(line, ": ")
	switch {
	case line == "" || word == "#":
		return nil
	case word == "title":
		d.title = rest
		return nil
	case word == "actors":
		d.actors = fields(rest)
		return nil
	case strings.HasPrefix(line, "== ") && strings.HasSuffix(line, " =="):
		d.steps = append(d.steps, step{kind: divider, lines: []string{strings.Trim(line, "= ")}})
		return nil
	case text == "":
		return fmt.Errorf("%q says nothing", line)
	}
	s := step{kind: arrow, lines: wrap(text, arrowWidth)}
	var ends []string
	if over, ok := strings.CutPrefix(head, "note "); ok {
		s.kind, s.lines, ends = note, wrap(text, noteWidth), fields(over)
		ends = []string{ends[0], ends[len(ends)-1]}
	} else if from, to, ok := strings.Cut(head, " --> "); ok {
		s.dashed, ends = true, []string{from, to}
	} else if from, to, ok := strings.Cut(head, " -> "); ok {
		ends = []string{from, to}
	} else {
		return fmt.Errorf("%q is no step", line)
	}
	s.from, s.to = slices.Index(d.actors, ends[0]), slices.Index(d.actors, ends[1])
	if s.from < 0 || s.to < 0 {
		return fmt.Errorf("%q is between actors that there are not", line)
	}
	d.steps = append(d.steps, s)
	return nil
}

func fields(s string) []string {
	var out []string
	for f := range strings.SplitSeq(s, "|") {
		out = append(out, strings.TrimSpace(f))
	}
	return out
}

// wrap breaks text into lines of about the same length, at most width characters.
func wrap(text string, width int) []string {
	count := (len([]rune(text)) + width - 1) / width
	each := len([]rune(text))/count + 4
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > min(width, each) {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}
