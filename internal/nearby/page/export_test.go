package page

// ReadCommandForTest and ReadFrameForTest are the parsers of what pages send.
func ReadCommandForTest(data []byte) { _, _ = readCommand(data) }

func ReadFrameForTest(data []byte) {
	if f, err := readFrame(data); err == nil && len(f.payload) != len(data)-frameHead {
		panic("octets are lost")
	}
}
