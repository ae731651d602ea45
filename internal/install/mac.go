package install

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"path/filepath"
	"strings"
)

// macLabel names the launch agent and the application.
const macLabel = "org.kith-web.kith"

// launchServices is the program that tells Launch Services of an application.
const launchServices = "/System/Library/Frameworks/CoreServices.framework/Frameworks/LaunchServices.framework/Support/lsregister"

// planMac is the plan for macOS. Launch Services hands links to applications by
// an Apple Event, which a plain program does not get; an AppleScript applet does,
// and osacompile makes one.
func (i *Installer) planMac() []step {
	agent := filepath.Join(i.o.User, "Library", "LaunchAgents", macLabel+".plist")
	app := filepath.Join(i.o.User, "Applications", "Kith.app")
	var steps []step
	if len(i.o.Schemes) > 0 {
		script := filepath.Join(i.o.Home, "links.applescript")
		info := filepath.Join(app, "Contents", "Info")
		steps = append(
			steps,
			file{path: script, data: i.applet(), mode: 0o600},
			command{
				run: []string{"osacompile", "-o", app, script}, needed: true,
				revert: []string{"rm", "-rf", app},
			},
			command{run: []string{"defaults", "write", info, "CFBundleIdentifier", macLabel}, needed: true},
			command{run: []string{"defaults", "write", info, "LSUIElement", "-bool", "true"}},
			command{run: []string{"defaults", "write", info, "CFBundleURLTypes", urlTypes(i.o.Schemes)}, needed: true},
			command{run: []string{launchServices, "-f", app}, revert: []string{launchServices, "-u", app}},
		)
	}
	if i.o.Service {
		steps = append(
			steps,
			file{path: agent, data: i.agent(), mode: 0o644},
			command{run: []string{"launchctl", "load", "-w", agent}, revert: []string{"launchctl", "unload", "-w", agent}},
		)
	}
	return steps
}

// applet is AppleScript that opens links with the program.
func (i *Installer) applet() []byte {
	words := make([]string, 0, 5)
	for _, w := range i.command("open", "--start") {
		words = append(words, "quoted form of "+appleString(w))
	}
	return fmt.Appendf(nil, `-- %s
on open location theLink
	do shell script %s & " " & quoted form of theLink
end open location
`, mark, strings.Join(words, ` & " " & `))
}

// appleString is a text constant of AppleScript.
func appleString(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// urlTypes is CFBundleURLTypes as a property list.
func urlTypes(schemes []string) string {
	var b strings.Builder
	b.WriteString("<array><dict><key>CFBundleURLName</key><string>" + macLabel +
		"</string><key>CFBundleURLSchemes</key><array>")
	for _, s := range schemes {
		b.WriteString("<string>" + s + "</string>")
	}
	b.WriteString("</array></dict></array>")
	return b.String()
}

// agent is the launch agent (launchd.plist(5)).
func (i *Installer) agent() []byte {
	var args strings.Builder
	for _, a := range i.command("up") {
		args.WriteString("\t\t<string>" + xmlText(a) + "</string>\n")
	}
	return fmt.Appendf(nil, `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- %s -->
<plist version="1.0">
<dict>
	<key>Label</key>
	<string>%s</string>
	<key>ProgramArguments</key>
	<array>
%s	</array>
	<key>RunAtLoad</key>
	<true/>
	<key>KeepAlive</key>
	<dict>
		<key>SuccessfulExit</key>
		<false/>
	</dict>
	<key>ProcessType</key>
	<string>Background</string>
	<key>StandardErrorPath</key>
	<string>%s</string>
</dict>
</plist>
`, mark, macLabel, &args, xmlText(filepath.Join(i.o.Home, "kith.log")))
}

func xmlText(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a bytes.Buffer takes everything
	return b.String()
}
