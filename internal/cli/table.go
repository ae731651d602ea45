package cli

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// table writes rows with columns of the same width.
type table struct {
	p *program
	*tabwriter.Writer
}

// table begins a table with the names of its columns, tabs between them; "" for
// none. It has to be flushed.
func (p *program) table(head string) table {
	t := table{p, tabwriter.NewWriter(p.Out, 0, 4, 2, ' ', 0)}
	if head != "" {
		_, _ = fmt.Fprintln(t, p.lang.Text(head))
	}
	return t
}

// row adds a row, with tabs between the columns.
func (t table) row(format string, args ...any) { _, _ = fmt.Fprintln(t, t.p.lang.Say(format, args...)) }

// isYes says whether an answer agrees, in English or in the person's language.
func (p *program) isYes(answer string) bool {
	answer = strings.ToLower(answer)
	return strings.HasPrefix(answer, "y") || strings.HasPrefix(answer, p.lang.Text("y"))
}
