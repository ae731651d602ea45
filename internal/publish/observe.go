package publish

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// observe returns a channel that gets a value soon after something in folder
// changes, until ctx ends. It errs on the side of too many.
func (p *Publisher) observe(ctx context.Context, folder string) <-chan struct{} {
	changes := make(chan struct{}, 1)
	w, err := fsnotify.NewWatcher()
	if err == nil {
		if err = watchBelow(w, folder); err == nil {
			go p.listen(ctx, w, folder, changes)
			return changes
		}
		_ = w.Close()
	}
	p.o.Log.InfoContext(ctx, "the system cannot report changes, comparing instead", "folder", folder, "error", err)
	go p.compare(ctx, changes)
	return changes
}

// listen passes on what the system reports.
func (p *Publisher) listen(ctx context.Context, w *fsnotify.Watcher, folder string, changes chan<- struct{}) {
	defer func() { _ = w.Close() }()
	for {
		select {
		case ev, ok := <-w.Events:
			if !ok {
				return
			}
			if litter(filepath.Base(ev.Name)) != "" {
				continue
			}
			if ev.Has(fsnotify.Create) {
				if err := watchBelow(w, ev.Name); err != nil {
					p.o.Log.WarnContext(ctx, "changes in a new folder will be missed, comparing instead", "folder", ev.Name, "error", err)
					go p.compare(ctx, changes)
				}
			}
		case err, ok := <-w.Errors: // events were lost
			if !ok {
				return
			}
			p.o.Log.DebugContext(ctx, "changes were lost", "folder", folder, "error", err)
		case <-ctx.Done():
			return
		}
		signal(changes)
	}
}

// compare says now and then that something may have changed; Watch looks.
func (p *Publisher) compare(ctx context.Context, changes chan<- struct{}) {
	tick := time.NewTicker(p.o.Poll)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			signal(changes)
		case <-ctx.Done():
			return
		}
	}
}

func signal(changes chan<- struct{}) {
	select {
	case changes <- struct{}{}:
	default: // one is waiting already
	}
}

// watchBelow watches name and all folders in it. A single file is watched
// through its folder, because programs replace files more often than they write
// to them. What vanishes meanwhile is no error.
func watchBelow(w *fsnotify.Watcher, name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return nil //nolint:nilerr // gone already
	}
	if !info.IsDir() {
		if len(w.WatchList()) > 0 {
			return nil // its folder is watched
		}
		return w.Add(filepath.Dir(name))
	}
	return filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil //nolint:nilerr // gone, or unreadable: publishing says so
		case d.IsDir() && path != name && litter(d.Name()) != "":
			return fs.SkipDir
		case d.IsDir():
			return w.Add(path)
		case d.Type()&fs.ModeSymlink != 0:
			if target, err := os.Stat(path); err == nil && target.IsDir() {
				return w.Add(path)
			}
		}
		return nil
	})
}
