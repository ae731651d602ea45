package node

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/BurntSushi/toml"
)

// entry is one key of the configuration, as found in Config.
type entry struct {
	table, tableDoc string
	key, doc        string
	value           any
}

// entries lists every key of c in the order of the structs.
func entries(c Config) []entry {
	var out []entry
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		table, section := v.Type().Field(i), v.Field(i)
		out = append(out, entriesOf(table.Tag.Get("toml"), table.Tag.Get("doc"), section)...)
	}
	return out
}

// entriesOf lists the keys of one table, then those of the tables in it.
func entriesOf(table, doc string, section reflect.Value) (out []entry) {
	var below []entry
	for i := range section.NumField() {
		f := section.Type().Field(i)
		key, text := f.Tag.Get("toml"), f.Tag.Get("doc")
		if f.Type.Kind() == reflect.Struct {
			below = append(below, entriesOf(table+"."+key, text, section.Field(i))...)
			continue
		}
		out = append(out, entry{table: table, tableDoc: doc, key: key, doc: text, value: section.Field(i).Interface()})
	}
	return append(out, below...)
}

// Keys lists every key, as table.key.
func Keys() []string {
	var out []string
	for _, e := range entries(Default()) {
		out = append(out, e.table+"."+e.key)
	}
	return out
}

// Reference is a configuration file with every key, what it does and its
// default.
func Reference() string {
	var b strings.Builder
	b.WriteString("# Configuration of Kith, with the defaults. Write what you want to change into config.toml\n" +
		"# in Kith's home ('kith config path' says where) and start the node again.\n" +
		"# Flags stand above the environment (" + EnvHome + ", " + EnvListen + "), which stands above the file.\n" +
		"# Every list may be empty: that service is then not used.\n")
	write(&b, Default(), true)
	return b.String()
}

// Show is c as a configuration file, without comments.
func Show(c Config) string {
	var b strings.Builder
	write(&b, c, false)
	return strings.TrimPrefix(b.String(), "\n")
}

// MarshalJSON writes the configuration under the names of its keys.
func (c Config) MarshalJSON() ([]byte, error) {
	tables := map[string]any{}
	for _, e := range entries(c) {
		at := tables
		for name := range strings.SplitSeq(e.table, ".") {
			below, ok := at[name].(map[string]any)
			if !ok {
				below = map[string]any{}
				at[name] = below
			}
			at = below
		}
		at[e.key] = e.value
	}
	return json.Marshal(tables)
}

func write(b *strings.Builder, c Config, docs bool) {
	table := ""
	for _, e := range entries(c) {
		if e.table != table {
			table = e.table
			fmt.Fprintf(b, "\n[%s]\n", table)
			if docs {
				b.WriteString("# " + e.tableDoc + "\n")
			}
		}
		if docs {
			b.WriteString("\n" + comment(e.doc))
		}
		fmt.Fprintf(b, "%s = %s\n", e.key, literal(e.value))
	}
}

// literal writes a value as TOML does.
func literal(v any) string {
	if list, ok := v.(List); ok && len(list) == 0 {
		return "[]"
	} else if ok && len(list) > 2 {
		var b strings.Builder
		b.WriteString("[\n")
		for _, s := range list {
			b.WriteString("  " + literal(s) + ",\n")
		}
		return b.String() + "]"
	}
	var b bytes.Buffer
	if err := toml.NewEncoder(&b).Encode(map[string]any{"x": v}); err != nil {
		return fmt.Sprintf("%q # %v", v, err)
	}
	return strings.TrimSpace(strings.TrimPrefix(b.String(), "x = "))
}

// comment breaks text into lines of at most 96 columns behind "# ".
func comment(text string) string {
	var b strings.Builder
	line := "#"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > 96 {
			b.WriteString(line + "\n")
			line = "#"
		}
		line += " " + word
	}
	return b.String() + line + "\n"
}

// closest returns the one of words that is most like s; "" when none is.
func closest(s string, words []string) string {
	best, limit := "", len(s)/3+1
	for _, w := range words {
		if d := distance(s, w); d <= limit {
			best, limit = w, d-1
		}
	}
	return best
}

// distance is the number of single octets to insert, delete or replace between
// a and b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
