package screen

import (
	"os"

	"golang.org/x/sys/windows"
)

// Size is the size of the console that f is; ok is false if it is none, or one
// that does not understand escape sequences, which it is told to.
func Size(f *os.File) (columns, rows int, ok bool) {
	console := windows.Handle(f.Fd())
	var mode uint32
	var info windows.ConsoleScreenBufferInfo
	if windows.GetConsoleMode(console, &mode) != nil ||
		windows.SetConsoleMode(console, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) != nil ||
		windows.GetConsoleScreenBufferInfo(console, &info) != nil {
		return 0, 0, false
	}
	return int(info.Window.Right-info.Window.Left) + 1, int(info.Window.Bottom-info.Window.Top) + 1, true
}
