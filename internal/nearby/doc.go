// Package nearby is what a person does with the devices around them: it keeps the
// book of paired devices, pairs new ones by a code, sends files to them and takes
// files from them.
//
// A Service owns the agent of package openscreen. It knows which devices are near
// and which are paired, holds the sessions with them, and hands the transports
// that arrive in those to whom they are for: files to package transfer below,
// others to whoever asked with Handle (web pages, Local HTTPS).
//
// What a person sees and decides is in a State, which the console and the command
// line follow alike: prompts for codes, offers that wait for an answer, transfers
// under way.
//
// Devices that are not on this network are not reached. The seam for them is
// Options.Elsewhere.
package nearby
