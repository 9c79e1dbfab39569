// Credproc gives AWS SDKs credentials that outlive the hour: they run it through
// a profile's credential_process.
package main

import (
	"context"
	"os"
)

func main() { os.Exit(run(context.Background(), os.Args[1:])) }
