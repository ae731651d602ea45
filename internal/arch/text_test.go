package arch_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kith-web/kith/internal/text"
)

// untranslated are packages whose texts need no translation, and why.
func untranslated() map[string]string {
	out := map[string]string{
		"internal/engine/enginetest": "a suite of tests: its reader wrote an engine",
		"internal/engine/memory":     "the reference of the tests: no command has it",
	}
	for _, dir := range pending() {
		out[dir] = "not translated yet"
	}
	return out
}

// mechanism are files that say others' texts: those of their callers, or of cobra.
func mechanism() []string {
	return []string{
		"internal/text/language.go", "internal/text/phrase.go", "internal/fault/localize.go", "internal/cli/language.go",
		"internal/gateway/progress.go", // what an engine waits for
	}
}

// pending are packages that have no German yet.
func pending() []string {
	return nil
}

// texts are where people's texts go in: the function's or method's name, with its
// package where that is another's, and which arguments are texts.
func textCalls() map[string][]int {
	return map[string][]int{
		"fault.New": {1}, "WithHint": {0}, // errors
		"Found": {1}, "Also": {0}, "Advise": {0}, // checks of the doctor
		"Say": {0}, "Text": {0}, "text.Of": {0}, "text.Key": {0}, "text.Count": {1, 2}, // package text
	}
}

// textFields are fields of composite literals that are texts, by type.
func textFields() map[string][]string {
	return map[string][]string{"cobra.Command": {"Short", "Long", "Deprecated"}, "cobra.Group": {"Title"}}
}

// flag matches the methods of pflag that define one; the text is the last argument.
var flag = regexp.MustCompile(`^(Bool|Int|Int64|Uint16|Float64|String|StringSlice|StringArray|Duration|Count)?Var(P|PF)?$`)

// letters matches what there is to translate in a text besides its verbs.
var letters = regexp.MustCompile(`\pL`)

// verb matches a verb of fmt.
var verb = regexp.MustCompile(`%([-+# 0]*)(\d*)(\.\d+)?(?:\[(\d+)\])?([a-zA-Z%])`)

// TestEveryTextIsTranslated holds the texts in the source against the catalogues.
func TestEveryTextIsTranslated(t *testing.T) {
	german := text.New().For("de")
	known, used := map[string]string{}, map[string]bool{}
	for key, said := range german.All {
		known[key] = said
	}
	others := foreign(t)
	var missing []textFound
	for _, found := range textsOf(t) {
		if _, ok := known[found.key]; !ok && !used[found.key] {
			missing = append(missing, found)
			if _, later := untranslated()[found.dir]; !later {
				t.Errorf("%s: %q has no German in internal/text/de/%s", found.place, found.key, topic(found.dir))
			}
		}
		used[found.key] = true
	}
	for key, said := range known {
		if !used[key] && !others[key] {
			t.Errorf("%q is translated, and nothing says it", key)
		}
		if want, got := verbs(key), verbs(said); !maps.Equal(want, got) {
			t.Errorf("%q has the verbs %v, its German %q has %v", key, want, said, got)
		}
	}
	if name := os.Getenv("KITH_TEXTS"); name != "" { // the entries to be written, for whoever translates
		if err := os.WriteFile(name, entries(missing), 0o600); err != nil {
			t.Error(err)
		}
	}
}

// entries are texts as a .po file has them, without their translation.
func entries(missing []textFound) []byte {
	var out bytes.Buffer
	for _, m := range missing {
		fmt.Fprintf(&out, "# %s %s\nmsgid %q\nmsgstr \"\"\n\n", topic(m.dir), m.place, m.key)
	}
	return out.Bytes()
}

// topic is the file for the texts of a package.
func topic(dir string) string {
	return strings.ReplaceAll(strings.TrimPrefix(dir, "internal/"), "/", ".") + ".po"
}

// foreign are the texts that come from other people's code: the standard
// library's errors and cobra's words. Nothing in the source says them.
func foreign(t *testing.T) map[string]bool {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, "internal", "text", "de", "foreign.po"))
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^msgid (".+")$`).FindAllSubmatch(data, -1) {
		if key, err := strconv.Unquote(string(m[1])); err == nil {
			keys[key] = true
		}
	}
	return keys
}

// translatable says whether a text has more than verbs.
func translatable(key string) bool { return letters.MatchString(verb.ReplaceAllString(key, "")) }

// verbs are the verbs of a text by the argument that they print.
func verbs(s string) map[string]int {
	out, next := map[string]int{}, 1
	for _, m := range verb.FindAllStringSubmatch(s, -1) {
		if m[5] == "%" {
			continue
		}
		if m[4] != "" {
			next, _ = strconv.Atoi(m[4])
		}
		out[fmt.Sprintf("%d:%s%s%s%s", next, m[1], m[2], m[3], m[5])]++
		next++
	}
	return out
}

// textFound is a text in the source.
type textFound struct{ key, place, dir string }

// textsOf finds every text that people read.
func textsOf(t *testing.T) []textFound {
	t.Helper()
	packages := map[string][]source{}
	for _, s := range sources(t) {
		if !s.test && (strings.HasPrefix(s.dir, "internal/") || strings.HasPrefix(s.dir, "cmd/")) {
			packages[s.dir] = append(packages[s.dir], s)
		}
	}
	var out []textFound
	for _, dir := range slices.Sorted(maps.Keys(packages)) {
		r := reader{t: t, dir: dir, calls: textCalls(), constants: map[string]ast.Expr{}}
		for _, s := range packages[dir] {
			r.declare(s)
		}
		for r.wrappers(packages[dir]) {
		}
		for _, s := range packages[dir] {
			r.read(s)
		}
		out = append(out, r.found...)
	}
	return append(out, templateTexts(t)...)
}

// reader reads the texts of one package.
type reader struct {
	t         *testing.T
	dir       string
	s         source
	calls     map[string][]int
	constants map[string]ast.Expr
	found     []textFound
}

// declare takes down the constants of a file.
func (r *reader) declare(s source) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		d, ok := n.(*ast.GenDecl)
		if !ok || d.Tok != token.CONST {
			return true
		}
		for _, spec := range d.Specs {
			if v := spec.(*ast.ValueSpec); len(v.Values) == len(v.Names) {
				for i, name := range v.Names {
					r.constants[name.Name] = v.Values[i]
				}
			}
		}
		return true
	})
}

// wrappers finds functions that hand a parameter of theirs on as a text, and says
// whether there was a new one.
func (r *reader) wrappers(files []source) (more bool) {
	for _, s := range files {
		ast.Inspect(s.file, func(n ast.Node) bool {
			name, kind, body := function(n)
			if name == "" {
				return true
			}
			position := map[string]int{}
			i := 0
			for _, field := range kind.Params.List {
				id, isName := field.Type.(*ast.Ident)
				for _, p := range field.Names {
					if isName && id.Name == "string" {
						position[p.Name] = i
					}
					i++
				}
			}
			r.eachText(body, func(arg ast.Expr) {
				id, ok := arg.(*ast.Ident)
				if !ok {
					return
				}
				if at, ok := position[id.Name]; ok && !slices.Contains(r.calls[name], at) {
					r.calls[name] = append(slices.Clone(r.calls[name]), at)
					more = true
				}
			})
			return true
		})
	}
	return more
}

// function is the name, type and body of a declared function, or of one that a
// variable gets.
func function(n ast.Node) (string, *ast.FuncType, *ast.BlockStmt) {
	switch d := n.(type) {
	case *ast.FuncDecl:
		if d.Body != nil {
			return d.Name.Name, d.Type, d.Body
		}
	case *ast.AssignStmt:
		if len(d.Lhs) == 1 && len(d.Rhs) == 1 {
			id, ok1 := d.Lhs[0].(*ast.Ident)
			f, ok2 := d.Rhs[0].(*ast.FuncLit)
			if ok1 && ok2 {
				return id.Name, f.Type, f.Body
			}
		}
	}
	return "", nil, nil
}

// eachText calls f for every expression below n that has to be a text.
func (r *reader) eachText(n ast.Node, f func(ast.Expr)) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.CallExpr:
			for _, i := range r.textArguments(x) {
				if i < len(x.Args) {
					f(x.Args[i])
				}
			}
		case *ast.CompositeLit:
			for _, e := range x.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok && slices.Contains(textFields()[r.typeOf(x)], fmt.Sprint(kv.Key)) {
					f(kv.Value)
				}
			}
		case *ast.AssignStmt:
			for i, left := range x.Lhs {
				if sel, ok := left.(*ast.SelectorExpr); ok && len(x.Lhs) == len(x.Rhs) && r.dir == "internal/cli" &&
					slices.Contains(textFields()["cobra.Command"], sel.Sel.Name) {
					f(x.Rhs[i])
				}
				if sel, ok := left.(*ast.SelectorExpr); ok && sel.Sel.Name == "Waiting" && len(x.Lhs) == len(x.Rhs) {
					if _, isText := x.Rhs[i].(*ast.BasicLit); isText {
						f(x.Rhs[i]) // what an engine waits for
					}
				}
			}
		}
		return true
	})
}

// typeOf is the name of a composite literal's type. One that leaves it out is, in
// the command line, among others of its kind: a command, if it has a Use.
func (r *reader) typeOf(c *ast.CompositeLit) string {
	if c.Type == nil && r.dir == "internal/cli" {
		for _, e := range c.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok && fmt.Sprint(kv.Key) == "Use" {
				return "cobra.Command"
			}
		}
	}
	return typeName(c.Type)
}

// textArguments says which arguments of a call are texts.
func (r *reader) textArguments(c *ast.CallExpr) []int {
	if len(c.Args) > 0 && typeName(c.Args[0]) == "fault.Internal" {
		return nil // a defect of this program: its text is for a report, in English
	}
	switch fun := c.Fun.(type) {
	case *ast.Ident:
		if r.dir == "internal/fault" && fun.Name == "New" {
			return []int{1}
		}
		return r.calls[fun.Name]
	case *ast.SelectorExpr:
		if at, ok := r.calls[typeName(fun)]; ok {
			return at
		}
		if id, ok := fun.X.(*ast.Ident); ok && isPackage(r.s, id) {
			return nil
		}
		if r.dir == "internal/cli" && flag.MatchString(fun.Sel.Name) {
			return []int{len(c.Args) - 1}
		}
		return r.calls[fun.Sel.Name]
	}
	return nil
}

// isPackage says whether a name is that of an imported package.
func isPackage(s source, id *ast.Ident) bool {
	if s.file == nil || id.Obj != nil {
		return false
	}
	for _, p := range s.imports() {
		if path.Base(p) == id.Name {
			return true
		}
	}
	return false
}

// typeName is pkg.Name of an expression that is one.
func typeName(e ast.Expr) string {
	if sel, ok := e.(*ast.SelectorExpr); ok {
		if id, ok := sel.X.(*ast.Ident); ok {
			return id.Name + "." + sel.Sel.Name
		}
	}
	return ""
}

// read takes the texts of a file.
func (r *reader) read(s source) {
	r.s = s
	var in []string
	ast.Inspect(s.file, func(n ast.Node) bool {
		if name, kind, _ := function(n); name != "" {
			for _, field := range kind.Params.List {
				for _, p := range field.Names {
					in = append(in, p.Name)
				}
			}
		}
		return true
	})
	r.eachText(s.file, func(arg ast.Expr) {
		if id, ok := arg.(*ast.Ident); ok && r.constants[id.Name] == nil && slices.Contains(in, id.Name) {
			return // a wrapper's own parameter
		}
		if n, ok := arg.(*ast.BasicLit); ok && n.Kind != token.STRING {
			return // big.Int's Text, for one
		}
		key, ok := r.literal(arg)
		if _, later := untranslated()[r.dir]; !ok && !later && !slices.Contains(mechanism(), s.path) {
			r.t.Errorf("%s: this text is put together when it is said: write it as one literal, with verbs for what differs, so that it can be translated", s.line(arg))
		}
		if translatable(key) {
			r.found = append(r.found, textFound{key, s.line(arg), s.dir})
		}
	})
}

// literal is the value of a literal, a constant, or a sum of them.
func (r *reader) literal(e ast.Expr) (string, bool) {
	switch x := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(x.Value)
		return s, err == nil && x.Kind == token.STRING
	case *ast.ParenExpr:
		return r.literal(x.X)
	case *ast.Ident:
		if value, ok := r.constants[x.Name]; ok {
			return r.literal(value)
		}
	case *ast.BinaryExpr:
		left, ok1 := r.literal(x.X)
		right, ok2 := r.literal(x.Y)
		return left + right, ok1 && ok2 && x.Op == token.ADD
	}
	return "", false
}

// inTemplate matches a text in an HTML template.
var inTemplate = regexp.MustCompile(`\bL\.(?:Text|Say) ("(?:[^"\\]|\\.)*")`)

// templateTexts finds the texts of the pages that Go draws, in .html files and in
// templates among the source.
func templateTexts(t *testing.T) (out []textFound) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(root, "internal"), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(name, "_test.go") || path.Ext(name) != ".html" && path.Ext(name) != ".go" {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		for _, m := range inTemplate.FindAllSubmatch(data, -1) {
			if key, err := strconv.Unquote(string(m[1])); err == nil && translatable(key) {
				out = append(out, textFound{key, rel, strings.TrimSuffix(path.Dir(rel), "/pages")})
			}
		}
		return nil
	})
	if err != nil || len(out) == 0 {
		t.Fatal("there are no pages", err)
	}
	return out
}
