package main

import "testing"

// On a terminal the log is text, and Ctrl-C is a clean end.
func TestServeOnATerminal(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	term.types("${RUN%% *} serve --profile migration-role --listen 127.0.0.1:0; echo =$?=\n")
	term.sees(" level=INFO msg=listening url=http://127.0.0.1:")
	term.sees(" level=INFO msg=credentials ")
	term.types(ctrlC)
	term.sees(" level=INFO msg=ending")
	term.sees("=0=")
}
