package doctor

import (
	"errors"

	"golang.org/x/sys/windows"
)

// diskFree is how many bytes this user may still write where path is.
func diskFree(path string) (free uint64, err error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	err = windows.GetDiskFreeSpaceEx(name, &free, nil, nil)
	return free, err
}

// openFiles has nothing to tell: Windows limits handles by memory alone.
func openFiles() (used, limit uint64, err error) { return 0, 0, errors.ErrUnsupported }
