package settings

import "os"

const homeVariable = "USERPROFILE"

func user() string { return os.Getenv("USERNAME") }
