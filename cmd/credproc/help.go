package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/credproc/credproc/source/token"
)

// help prints a command's help with its examples first: whoever asks is in a
// hurry. It is written by hand because cobra's own is made of templates, and a
// program with text/template in it keeps a megabyte of code that it never runs.
func help(c *cobra.Command, _ []string) {
	var b strings.Builder
	about := c.Long
	if about == "" {
		about = c.Short
	}
	fmt.Fprintf(&b, "%s\n", about)
	if c.Example != "" {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", c.Example)
	}
	fmt.Fprintf(&b, "\nUsage:\n  %s\n", c.UseLine())
	if c.HasAvailableSubCommands() {
		b.WriteString("\nCommands:\n")
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() {
				fmt.Fprintf(&b, "  %-10s %s\n", sub.Name(), sub.Short)
			}
		}
	}
	if flags := c.LocalFlags().FlagUsages(); flags != "" {
		fmt.Fprintf(&b, "\nFlags:\n%s", flags)
	}
	if c.Flags().Lookup("token-source") != nil {
		b.WriteString(sources())
	}
	fmt.Fprint(c.OutOrStdout(), b.String())
}

// sources is what commands that get credentials have in common.
func sources() string {
	var b strings.Builder
	b.WriteString("\nWhere the token comes from, if no file is named (SPEC):\n")
	for _, form := range token.Forms() {
		fmt.Fprintf(&b, "  %s\n", form)
	}
	b.WriteString("\nFound by itself where the job has its variables, the first of these:\n ")
	for _, d := range token.Detections() {
		b.WriteString(" " + d.Spec)
	}
	b.WriteString(`

Each flag has a variable: --role-arn and CREDPROC_ROLE_ARN. Flags come first,
then the profile, then CREDPROC_*, then AWS_*. AWS_CONFIG_FILE names the file
with the profiles.
`)
	return b.String()
}
