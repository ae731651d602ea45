package main

import (
	"fmt"
	"slices"
	"strings"
)

// writeFormula writes a formula for Homebrew that takes the archives.
func (r *release) writeFormula() error {
	var systems strings.Builder
	for _, system := range []struct{ os, block string }{{"darwin", "on_macos"}, {"linux", "on_linux"}} {
		var inside strings.Builder
		for _, cpu := range []struct{ arch, block string }{{"amd64", "on_intel"}, {"arm64", "on_arm"}} {
			name, ok := r.archives[target{system.os, cpu.arch}]
			if !ok {
				continue
			}
			fmt.Fprintf(&inside, "    %s do\n      url \"%s/%s\"\n      sha256 \"%s\"\n    end\n",
				cpu.block, strings.ReplaceAll(r.url, "%s", r.version), name, r.sumOf(name))
		}
		if inside.Len() > 0 {
			fmt.Fprintf(&systems, "  %s do\n%s  end\n\n", system.block, &inside)
		}
	}
	if systems.Len() == 0 {
		return nil
	}
	return r.write("kith.rb", fmt.Appendf(nil, `class Kith < Formula
  desc "%s"
  homepage "%s"
  version "%s"
  license "Apache-2.0"

%s  def install
    bin.install "kith"
    man1.install Dir["share/man/man1/*"]
    man5.install Dir["share/man/man5/*"]
    man7.install Dir["share/man/man7/*"]
    bash_completion.install "share/bash-completion/completions/kith"
    zsh_completion.install "share/zsh/site-functions/_kith"
    fish_completion.install "share/fish/vendor_completions.d/kith.fish"
    doc.install "README.md", "THIRD-PARTY.txt"
  end

  service do
    run [opt_bin/"kith", "up"]
    keep_alive successful_exit: false
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/kith version")
  end
end
`, strings.ToUpper(summary[:1])+summary[1:], homepage, r.version, &systems))
}

// sumOf is the checksum of a file of the release, in hexadecimal.
func (r *release) sumOf(name string) string {
	i := slices.IndexFunc(r.sums, func(line string) bool { return strings.HasSuffix(line, "  "+name) })
	hex, _, _ := strings.Cut(r.sums[i], " ")
	return hex
}

// writeSums writes the checksums of everything, as sha256sum -c reads them.
func (r *release) writeSums() error {
	slices.SortFunc(r.sums, func(a, b string) int { return strings.Compare(a[64:], b[64:]) })
	text := strings.Join(r.sums, "\n") + "\n"
	return r.write("SHA256SUMS", []byte(text))
}
