package node

import (
	"bufio"
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// settle unmaps the pages of the program's file that were needed to start it. A
// large part of a program is initialized once and never used by a command; what
// is still used comes back from the file cache, a fault a page.
func settle() {
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return
	}
	for lines := bufio.NewScanner(bytes.NewReader(maps)); lines.Scan(); {
		from, to, ok := readOnly(lines.Bytes(), self)
		if ok {
			// MADV_DONTNEED of a private mapping that cannot be written loses nothing.
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, from, to-from, syscall.MADV_DONTNEED)
		}
	}
}

// readOnly reads a line of /proc/self/maps (proc(5)), and reports whether it is a
// mapping of a file that cannot be written.
func readOnly(line []byte, file string) (from, to uintptr, ok bool) {
	fields := bytes.Fields(line)
	if len(fields) < 6 || string(fields[5]) != file || bytes.IndexByte(fields[1], 'w') >= 0 {
		return 0, 0, false
	}
	low, high, found := bytes.Cut(fields[0], []byte("-"))
	a, err := strconv.ParseUint(string(low), 16, strconv.IntSize)
	if err != nil || !found {
		return 0, 0, false
	}
	b, err := strconv.ParseUint(string(high), 16, strconv.IntSize)
	if err != nil || b <= a {
		return 0, 0, false
	}
	return uintptr(a), uintptr(b), true
}
