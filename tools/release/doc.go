// Command release makes everything a release consists of, and nothing else:
// programs, archives, packages of Debian and RPM systems, container images, a
// Homebrew formula, lists of what is inside (SBOM) and checksums.
//
//	go run -C tools ./release -version 0.1.0 -out ../dist/release
//
// It needs the go command and nothing besides: no Docker, no dpkg, no rpm. Two
// runs over the same source by the same version of Go make the same bytes,
// wherever and whenever they run; docs/release.md tells how to try it. It signs
// nothing and uploads nothing.
package main
