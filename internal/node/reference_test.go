package node

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/reference anew")

// TestReference holds docs/reference/configuration.md against the configuration it
// is made of.
func TestReference(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "reference", "configuration.md")
	made := []byte(reference())
	if *update {
		if err := os.WriteFile(path, made, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept, made) {
		t.Errorf("%s is not what the configuration says: renew it by 'go test ./internal/node -run TestReference -update'", path)
	}
}

// reference is what 'kith config reference' prints, as a page.
func reference() string {
	var b strings.Builder
	b.WriteString("# Configuration\n\nEvery setting has a default: a node needs no configuration. What you want to change goes into `config.toml` in Kith's home (`kith config path` says where that is); start the node again then. A file that says something unknown or impossible is refused with the name of the key.\n\n")
	fmt.Fprintf(&b, "Flags stand above the environment (`%s` for the home, `%s` for `gateway.listen`), which stands above the file. Every list may be empty: that service is then not used. Sizes are written as `10GiB` or in octets, times as `30m` or `1h30m`.\n\n", EnvHome, EnvListen)
	b.WriteString("`kith config reference` prints the same as a file to edit, `kith config show` what is in force.\n\n```toml\n# Half a megabyte a second at most for others, and nothing for people in the same network.\n[bittorrent]\nupload_rate = \"512KiB\"\n\n[nearby]\nenabled = false\n```\n")
	table := ""
	for _, e := range entries(Default()) {
		if e.table != table {
			table = e.table
			fmt.Fprintf(&b, "\n## [%s]\n\n%s\n\n| key | default | what it does |\n| --- | --- | --- |\n", table, cell(e.tableDoc))
		}
		value := strings.Join(strings.Fields(literal(e.value)), " ")
		fmt.Fprintf(&b, "| `%s` | `%s` | %s |\n", e.key, strings.NewReplacer("|", `\|`, ", ]", " ]").Replace(value), cell(e.doc))
	}
	return b.String()
}

// cell is text for a table in Markdown.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`).Replace(text)
}
