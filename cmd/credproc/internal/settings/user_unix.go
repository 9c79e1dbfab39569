//go:build unix

package settings

import (
	"os"
	"strconv"
)

const homeVariable = "HOME"

// user is the user's number: a name would cost reading /etc/passwd, and in a
// container it often has none.
func user() string { return strconv.Itoa(os.Getuid()) }
