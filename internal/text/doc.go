// Package text says what people read in their language.
//
// The English text in the source is the key, as gettext has it: a caller writes
// l.Say("%s is not an address", input), and the catalogue of a language, a folder
// of .po files beside this file, says it otherwise. What a catalogue lacks is said
// in English; a test in internal/arch sees to it that it lacks nothing.
//
// A text whose language is known only later (an error that may end at a terminal
// or at a browser) is a Phrase, or an error of package fault, which keep their
// arguments until then.
//
// What programs read is never translated: JSON of commands, logs, the kinds of
// errors. Which languages a person wants is found out by others: the headers of a
// request, internal/node's environment.
package text
