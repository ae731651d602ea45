// Package install makes Kith a part of a person's desktop: links of the
// peer-to-peer web open with it, and the node starts with the session. All of it
// is the person's own, nothing the system's; and Remove undoes it.
//
//	Linux, BSD   a desktop entry and the default applications of the freedesktop
//	             specifications (Desktop Entry 1.5, MIME Applications 1.0.1), a
//	             sandboxed systemd user service, or autostart where there is no systemd
//	macOS        an application that takes links from Launch Services, a launch agent
//	Windows      URL protocols and the Run key below HKEY_CURRENT_USER
//
// A plan is a list of steps, made without looking at the machine it runs on, so
// that the plan of every system is tried everywhere. What was there before, the
// default application of a link above all, is kept in a record in the home and
// put back by Remove. Nothing is deleted that another program wrote.
package install
