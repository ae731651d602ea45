package cli

import (
	"strings"

	"rsc.io/qr"
)

// quiet is the width of the light frame around a QR code, in modules
// (ISO/IEC 18004 asks for 4; phones are content with 2).
const quiet = 2

// printQR prints text as a QR code, two modules to a character.
func (p *program) printQR(text string) {
	code, err := qr.Encode(text, qr.L)
	if text == "" || err != nil { // too long for a code: the text is above
		return
	}
	p.say("\n%s%s", halfBlocks(code), text)
}

// halfBlocks draws light modules, as terminals are dark more often than not;
// readers take either.
func halfBlocks(code *qr.Code) string {
	light := func(x, y int) bool {
		inside := x >= 0 && y >= 0 && x < code.Size && y < code.Size
		return !inside || !code.Black(x, y)
	}
	var b strings.Builder
	for y := -quiet; y < code.Size+quiet; y += 2 {
		for x := -quiet; x < code.Size+quiet; x++ {
			switch top, bottom := light(x, y), light(x, y+1) && y+1 < code.Size+quiet; {
			case top && bottom:
				b.WriteRune('█')
			case top:
				b.WriteRune('▀')
			case bottom:
				b.WriteRune('▄')
			default:
				b.WriteByte(' ')
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
