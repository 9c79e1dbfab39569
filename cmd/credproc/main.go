// Credproc gives AWS SDKs credentials that outlive the hour: they run it through
// a profile's credential_process.
package main

import (
	"context"
	"os"

	"github.com/credproc/credproc/cmd/credproc/internal/child"
)

func main() {
	if os.Args[0] == child.WitnessName {
		child.Witness()
		return
	}
	os.Exit(run(context.Background(), os.Args[1:]))
}
