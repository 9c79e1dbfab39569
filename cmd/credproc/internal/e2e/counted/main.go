// Command counted runs a command and adds a line to a file: its exit status
// and how many nanoseconds it took.
//
//	counted FILE COMMAND ARGS…
package main

import (
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"time"
)

func main() {
	log.SetFlags(0)
	begin := time.Now()
	cmd := exec.Command(os.Args[2], os.Args[3:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		log.Fatal("counted: ", err)
	}
	status := cmd.ProcessState.ExitCode()
	// One write, since clients may run two helpers at a time.
	file, err := os.OpenFile(os.Args[1], os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		log.Fatal("counted: ", err)
	}
	if _, err := fmt.Fprintln(file, status, time.Since(begin).Nanoseconds()); err != nil {
		log.Fatal("counted: ", err)
	}
	os.Exit(status)
}
