package install

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Names of the files of the freedesktop specifications.
const (
	entryName = "kith.desktop"
	unitName  = "kith.service"
)

// planXDG is the plan for the desktops of the freedesktop specifications. To undo
// it, what is there of both ways of starting with the session is in it.
func (i *Installer) planXDG(undo bool) []step {
	applications := filepath.Join(i.o.Data, "applications")
	update := []string{"update-desktop-database", applications}
	steps := []step{
		command{revert: update},
		file{
			path: filepath.Join(i.o.Data, "icons", "hicolor", "scalable", "apps", "kith.svg"), data: i.o.Icon,
			mode: 0o644, unmarked: true,
		},
		file{path: filepath.Join(applications, entryName), data: i.entry(), mode: 0o644},
	}
	if i.o.Has(update[0]) {
		steps = append(steps, command{run: update})
	}
	if len(i.o.Schemes) > 0 {
		steps = append(steps, defaults{path: filepath.Join(i.o.Config, "mimeapps.list"), types: types(i.o.Schemes)})
	}
	systemd := i.o.Systemd
	if undo {
		_, err := os.Lstat(i.unitPath())
		systemd = err == nil
	}
	if i.o.Service && systemd {
		steps = append(steps, i.planSystemd()...)
	}
	if i.o.Service && (!i.o.Systemd || undo) {
		steps = append(steps, file{path: filepath.Join(i.o.Config, "autostart", entryName), data: i.autostart(), mode: 0o644})
	}
	return steps
}

func (i *Installer) unitPath() string {
	return filepath.Join(i.o.Config, "systemd", "user", unitName)
}

// planSystemd has systemd's user manager keep the node running.
func (i *Installer) planSystemd() []step {
	reload := []string{"systemctl", "--user", "daemon-reload"}
	return []step{
		command{revert: reload},
		file{path: i.unitPath(), data: i.unit(), mode: 0o644},
		command{run: reload},
		command{
			run:    []string{"systemctl", "--user", "enable", "--now", unitName},
			revert: []string{"systemctl", "--user", "disable", "--now", unitName},
		},
	}
}

// types are the media types of links (shared-mime-info 0.21 §2.12).
func types(schemes []string) []string {
	var all []string
	for _, s := range schemes {
		all = append(all, "x-scheme-handler/"+s)
	}
	return all
}

// entry is the desktop entry that takes links.
func (i *Installer) entry() []byte {
	mime := ""
	if len(i.o.Schemes) > 0 {
		mime = "MimeType=" + strings.Join(types(i.o.Schemes), ";") + ";\n"
	}
	return fmt.Appendf(nil, `[Desktop Entry]
# %s
Type=Application
Version=1.5
Name=Kith
GenericName=Peer-to-peer web
Comment=Open websites from peers
Exec=%s
Icon=kith
Terminal=false
Categories=Network;P2P;
%s`, mark, execLine(append(i.command("open", "--start"), "%u")), mime)
}

func (i *Installer) autostart() []byte {
	return fmt.Appendf(nil, `[Desktop Entry]
# %s
Type=Application
Version=1.5
Name=Kith
Comment=The node of the peer-to-peer web
Exec=%s
Icon=kith
Terminal=false
NoDisplay=true
`, mark, execLine(i.command("up")))
}

// execLine quotes arguments as Desktop Entry §7 asks. The field code %u stays as
// it is.
func execLine(args []string) string {
	var all []string
	for _, a := range args {
		if a == "%u" {
			all = append(all, a)
			continue
		}
		a = strings.ReplaceAll(a, "%", "%%")
		if strings.ContainsAny(a, " \t\n\"'\\><~|&;$*?#()`") {
			// Quoting for the argument, then for a value of the file.
			a = strings.NewReplacer(`\`, `\\\\`, `"`, `\\"`, "`", "\\\\`", `$`, `\\$`).Replace(a)
			a = `"` + a + `"`
		}
		all = append(all, a)
	}
	return strings.Join(all, " ")
}

// unit is the service of systemd's user manager. It may write where the node
// keeps its own and where people receive files; what it serves it only reads.
func (i *Installer) unit() []byte {
	return fmt.Appendf(nil, `# %s
[Unit]
Description=Kith, the node of the peer-to-peer web

[Service]
ExecStart=%s
Restart=on-failure
RestartSec=5
TimeoutStopSec=15
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
UMask=0077

[Install]
WantedBy=default.target
`, mark, unitLine(i.command("up")))
}

// unitLine quotes arguments as systemd.syntax(7) asks.
func unitLine(args []string) string {
	var all []string
	for _, a := range args {
		a = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%", "$", "$$").Replace(a)
		if strings.ContainsAny(a, " \t'\"\\;") {
			a = `"` + a + `"`
		}
		all = append(all, a)
	}
	return strings.Join(all, " ")
}
