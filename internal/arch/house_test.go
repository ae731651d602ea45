package arch_test

import (
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// longestFunction is the most lines a function may have.
const longestFunction = 60

func TestEveryPackageHasADoor(t *testing.T) {
	dirs := map[string]bool{}
	for _, s := range sources(t) {
		if !s.test && s.file.Name.Name != "main" {
			dirs[s.dir] = dirs[s.dir] || filepath.Base(s.path) == "doc.go" && s.file.Doc != nil ||
				s.dir == "web" && s.file.Doc != nil
		}
	}
	for dir, ok := range dirs {
		if !ok {
			t.Errorf("%s has no doc.go that says what the package does and what it leaves to whom", dir)
		}
	}
}

func TestEveryExportIsDocumented(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || s.file.Name.Name == "main" {
			continue
		}
		for _, decl := range s.file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Doc == nil && d.Name.IsExported() && exportedReceiver(d) && !obvious(d.Name.Name) {
					t.Errorf("%s: %s is exported and has no comment", s.line(d), d.Name.Name)
				}
			case *ast.GenDecl:
				checkSpecs(t, s, d)
			}
		}
	}
}

// obvious are methods whose meaning is fixed by the standard library.
func obvious(name string) bool {
	switch name {
	case "Error", "Unwrap", "String", "Is", "Read", "Write", "Close", "Seek", "ReadAt", "WriteTo", "ReadFrom",
		"Stat", "ReadDir", "Open", "Name", "Size", "Mode", "ModTime", "IsDir", "Sys", "Type", "Info",
		"MarshalText", "UnmarshalText", "MarshalJSON", "UnmarshalJSON", "ServeHTTP", "Len", "Less", "Swap",
		"Enabled", "Handle", "WithAttrs", "WithGroup", "Collect", "Describe":
		return true
	}
	return false
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return true
	}
	e := d.Recv.List[0].Type
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return true
		}
	}
}

func checkSpecs(t *testing.T, s source, d *ast.GenDecl) {
	t.Helper()
	for _, spec := range d.Specs {
		switch x := spec.(type) {
		case *ast.TypeSpec:
			if x.Name.IsExported() && x.Doc == nil && d.Doc == nil {
				t.Errorf("%s: type %s is exported and has no comment", s.line(x), x.Name.Name)
			}
		case *ast.ValueSpec:
			for _, n := range x.Names {
				if n.IsExported() && x.Doc == nil && x.Comment == nil && d.Doc == nil {
					t.Errorf("%s: %s is exported and has no comment", s.line(x), n.Name)
				}
				if d.Tok == token.VAR && n.Name != "_" && !isErrorOrPattern(n.Name, x) && !s.test {
					t.Errorf("%s: package variable %s: keep state in values that are passed on", s.line(x), n.Name)
				}
			}
		}
	}
}

// isErrorOrPattern allows sentinel errors, compiled patterns and templates, and embedded files,
// which nothing assigns to again.
func isErrorOrPattern(name string, v *ast.ValueSpec) bool {
	if strings.HasPrefix(name, "err") || strings.HasPrefix(name, "Err") || len(v.Values) == 0 {
		return true
	}
	call, ok := v.Values[0].(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	return ok && strings.HasPrefix(sel.Sel.Name, "Must")
}

func TestFunctionsStayShort(t *testing.T) {
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		for _, decl := range s.file.Decls {
			d, ok := decl.(*ast.FuncDecl)
			if !ok || d.Body == nil {
				continue
			}
			lines := s.fset.Position(d.End()).Line - s.fset.Position(d.Pos()).Line + 1
			if lines > longestFunction {
				t.Errorf("%s: %s has %d lines; at most %d", s.line(d), d.Name.Name, lines, longestFunction)
			}
		}
	}
}

func TestNoHiddenStartsAndEnds(t *testing.T) {
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		for _, spec := range s.file.Imports {
			if spec.Name != nil && spec.Name.Name == "_" && spec.Path.Value != `"embed"` &&
				(spec.Path.Value != `"unsafe"` || s.dir != "internal/engine/bittorrent") && // wake.go: go:linkname
				s.dir != "internal/store" {
				t.Errorf("%s: blank import %s: register things by name", s.line(spec), spec.Path.Value)
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.FuncDecl:
				if x.Name.Name == "init" && x.Recv == nil {
					t.Errorf("%s: no init functions", s.line(x))
				}
			case *ast.SelectorExpr:
				id, ok := x.X.(*ast.Ident)
				if !ok || id.Name != "os" {
					return true
				}
				if x.Sel.Name == "Exit" && s.file.Name.Name != "main" {
					t.Errorf("%s: os.Exit outside main", s.line(x))
				}
				if (x.Sel.Name == "Getenv" || x.Sel.Name == "LookupEnv") && !mayReadEnvironment(s) {
					t.Errorf("%s: the environment is read in internal/node's configuration only", s.line(x))
				}
			}
			return true
		})
	}
}

func mayReadEnvironment(s source) bool {
	return s.dir == "internal/node" || strings.HasPrefix(s.dir, "e2e")
}

// TestDocumentsNameRealPaths checks every link and every `path` that has a
// slash in the two documents a newcomer reads first.
func TestDocumentsNameRealPaths(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#]+)[^)]*\)`)
	code := regexp.MustCompile("`((?:cmd|internal|web|docs|e2e|spec|tools|examples)/[A-Za-z0-9_./-]*)`")
	for _, doc := range []string{"ARCHITECTURE.md", "README.md", "CONTRIBUTING.md"} {
		data, err := os.ReadFile(filepath.Join(root, doc))
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		for _, re := range []*regexp.Regexp{link, code} {
			for _, m := range re.FindAllStringSubmatch(string(data), -1) {
				if strings.Contains(m[1], "://") {
					continue
				}
				if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(m[1]))); err != nil {
					t.Errorf("%s names %s, which does not exist", doc, m[1])
				}
			}
		}
	}
}

// TestDirectDependenciesAreChosen holds go.mod against the list that says why
// each direct dependency is there.
func TestDirectDependenciesAreChosen(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadFile(filepath.Join(root, "docs", "decisions", "0002-dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mod)) {
		f := strings.Fields(line)
		if len(f) < 2 || strings.Contains(line, "// indirect") || !strings.Contains(f[0], "/") {
			continue
		}
		if f[0] == "module" {
			continue
		}
		if !strings.Contains(string(list), "`"+f[0]+"`") {
			t.Errorf("go.mod requires %s: say why in docs/decisions/0002-dependencies.md", f[0])
		}
	}
}
