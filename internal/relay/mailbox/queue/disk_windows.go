package queue

import "golang.org/x/sys/windows"

// DiskUsed is how full the disk at dir is for this user, from 0 to 1.
func DiskUsed(dir string) (float64, error) {
	var free, all uint64
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, err
	}
	if err := windows.GetDiskFreeSpaceEx(name, &free, &all, nil); err != nil || all == 0 {
		return 0, err
	}
	return 1 - float64(free)/float64(all), nil
}
