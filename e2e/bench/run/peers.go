package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/kith-web/kith/e2e/bench/report"
)

// missing says why something is not there, "" when it is.
type missing string

// find looks for all that groups need.
func find() map[report.Need]missing {
	return map[report.Need]missing{
		report.Kubo:        env("KITH_KUBO", "ipfs"),
		report.Chihaya:     env("KITH_CHIHAYA", "chihaya"),
		report.Croc:        env("KITH_CROC", "croc"),
		report.Syncthing:   env("KITH_SYNCTHING", "syncthing"),
		report.Wormhole:    env("KITH_WORMHOLE_WILLIAM", "wormhole-william"),
		report.Opentracker: program("opentracker"),
		report.Torrents:    first(program("aria2c"), program("rtorrent"), program("mktorrent"), libtorrent()),
		report.NodePeers:   modules("e2e/peers", "webtorrent"),
		report.SyncPeers:   modules("e2e/apps/sync/peers", "rxdb"),
		report.Browsers:    modules("e2e", "@playwright/test"),
		report.WebModules:  modules("web", "@noble/post-quantum"),
		report.Root:        root(),
		report.ManyHandles: handles(),
	}
}

// env looks for a program that a variable names, and for one that is installed.
func env(name, installed string) missing {
	if os.Getenv(name) != "" {
		return ""
	}
	path, err := exec.LookPath(installed)
	if err != nil {
		return missing("set " + name)
	}
	if err := os.Setenv(name, path); err != nil {
		return missing(err.Error())
	}
	return ""
}

func program(name string) missing {
	if _, err := exec.LookPath(name); err != nil {
		return missing(name + " is not installed")
	}
	return ""
}

func libtorrent() missing {
	if exec.Command("/usr/bin/python3", "-c", "import libtorrent").Run() != nil {
		return "libtorrent for /usr/bin/python3 is not installed (python3-libtorrent)"
	}
	return ""
}

func modules(dir, one string) missing {
	if _, err := os.Stat(filepath.Join(dir, "node_modules", one)); err != nil {
		return missing("run 'npm ci --ignore-scripts --prefix " + dir + "'")
	}
	return ""
}

func root() missing {
	if os.Getuid() != 0 {
		return "only root may make network namespaces"
	}
	return ""
}

// handles looks whether 20,000 sockets may be open.
func handles() missing {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) == nil && l.Max < 21_000 {
		return "the system allows fewer open files: what so many would take is extrapolated"
	}
	return ""
}

func first(all ...missing) missing {
	for _, m := range all {
		if m != "" {
			return m
		}
	}
	return ""
}
