// Package quote writes values down so that shells and readers of files read
// back exactly what was written, whatever it is made of. No value may hold a NUL
// byte; no environment variable can.
package quote

import (
	"errors"
	"strings"
)

// POSIX quotes for sh and its kin: dash, bash, ksh, zsh, busybox. Nothing is
// special between single quotes but the single quote.
// Source: POSIX.1-2024, Shell Command Language, 2.2.2.
func POSIX(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

var fish = strings.NewReplacer(`\`, `\\`, `'`, `\'`)

// Fish quotes for fish, where a backslash escapes itself and a single quote
// between single quotes.
// Source: fish documentation, "Quotes".
func Fish(s string) string { return "'" + fish.Replace(s) + "'" }

// PowerShell takes typographic quotes for single quotes too.
var powerShell = strings.NewReplacer("'", "''", "‘", "‘‘", "’", "’’", "‚", "‚‚", "‛", "‛‛")

// PowerShell quotes for PowerShell, where a single quote between single quotes
// is written twice.
// Source: PowerShell language specification, 2.3.5.2 and the grammar of
// single-quote-character.
func PowerShell(s string) string { return "'" + powerShell.Replace(s) + "'" }

// ErrDotenv says that no quoting of a value is read alike by all.
var ErrDotenv = errors.New("the readers of dotenv files do not agree on this value")

// dotenvPlain is read alike without quotes, by docker too, to which quotes are
// part of the value.
const dotenvPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@+=,-"

// Dotenv quotes for dotenv files: not at all where nothing is special, else with
// single quotes. There is no standard, so it keeps to what godotenv (Earthly),
// Node.js and python-dotenv agree on. Its error is ErrDotenv: for values with a
// single quote, which none of them can escape alike, a backslash, a dollar sign
// (python-dotenv expands variables even there), or a carriage return.
func Dotenv(s string) (string, error) {
	switch {
	case strings.Trim(s, dotenvPlain) == "":
		return s, nil
	case strings.ContainsAny(s, "'\\$\r"):
		return "", ErrDotenv
	default:
		return "'" + s + "'", nil
	}
}
