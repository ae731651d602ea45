// Diagram draws the sequence diagrams of the guides: each docs/images/diagrams/*.seq
// becomes an SVG of the same name beside it.
//
//	go run -C tools ./diagram          draw them
//	go run -C tools ./diagram -check   fail when an SVG is not what its description makes
//
// A description is lines of text, one step each:
//
//	title The life of a request
//	actors Browser | Gateway | Engine
//	Browser -> Gateway: GET /               an arrow
//	Gateway --> Browser: 200                a dashed one, for answers
//	Gateway -> Gateway: which site is it?   what somebody does by themselves
//	note Gateway | Engine: text             a note over one or several
//	== Later ==                             a line across, with a word
//	# what follows is a remark
//
// The drawing follows from the text alone: no font is measured, so that every machine
// draws the same octets. It has the colours of the reader's system, light or dark.
package main
