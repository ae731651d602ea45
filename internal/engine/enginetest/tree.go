package enginetest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// BigName and BigSize describe the big file of Large.
const (
	BigName = "video/big.bin"
	BigSize = 5 << 20
)

// Bytes returns n bytes that do not compress and do not repeat, always the
// same for the same seed.
func Bytes(seed byte, n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(data)
	return data
}

// Tree is a small site with every kind of file and name that an engine must
// carry.
func Tree() map[string][]byte {
	files := map[string][]byte{
		"index.html":               []byte("<!doctype html><title>Home</title><h1>Home</h1>\n"),
		"empty":                    {},
		"one":                      []byte("1"),
		"css/site.css":             []byte("body { color: navy }\n"),
		"a file with spaces.txt":   []byte("spaces\n"),
		"naïve – 日本語 🌍.txt":        []byte("unicode\n"),
		"100%.txt":                 []byte("a percent sign\n"),
		"percent%20encoded%2F.txt": []byte("not a space, not a slash\n"),
		"hash#tag.txt":             []byte("a hash sign\n"),
		"semi;colon&amp,plus+.txt": []byte("other marks\n"),
		".hidden/.file":            []byte("hidden\n"),
		"twins/a":                  []byte("the same content"),
		"twins/b":                  []byte("the same content"),
		"borders/16383":            Bytes(1, 16<<10-1),
		"borders/16384":            Bytes(2, 16<<10),
		"borders/16385":            Bytes(3, 16<<10+1),
	}
	if runtime.GOOS != "windows" {
		files["what?.txt"] = []byte("a question mark\n")
		files[`quote"<b>.txt`] = []byte("marks that HTML knows\n")
	}
	deep := strings.TrimSuffix(strings.Repeat("deep/", 24), "/")
	files[deep+"/leaf.txt"] = []byte("far down\n")
	return files
}

// Large is a site of one big file, files whose sizes are at the borders of
// blocks, and many small ones.
func Large() map[string][]byte {
	files := map[string][]byte{
		"index.html":     []byte("<!doctype html><title>Large</title>\n"),
		BigName:          Bytes(4, BigSize),
		"borders/256k-1": Bytes(5, 256<<10-1),
		"borders/256k":   Bytes(6, 256<<10),
		"borders/256k+1": Bytes(7, 256<<10+1),
		"borders/1m+1":   Bytes(8, 1<<20+1),
	}
	for i := range 300 {
		files[fmt.Sprintf("many/%03d.txt", i)] = fmt.Appendf(nil, "file number %d\n", i)
	}
	return files
}

// Write writes files into folder, with modification times long past.
func Write(t testing.TB, folder string, files map[string][]byte) {
	t.Helper()
	for name, data := range files {
		file := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
		past := time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)
		if err := os.Chtimes(file, past, past); err != nil {
			t.Fatal(err)
		}
	}
}
