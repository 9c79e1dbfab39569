package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/credproc/credproc/cmd/credproc/internal/settings"
	"github.com/credproc/credproc/source/token"
)

// helpWidth is how many columns help takes at most.
const helpWidth = 100

// help prints a command's help with its examples first: whoever asks is in a
// hurry. It is written by hand because cobra's own is made of templates, and a
// program with text/template in it keeps a megabyte of code that it never runs.
// man.go makes man pages of the same text.
func help(c *cobra.Command, _ []string) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", c.Short)
	if c.Example != "" {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", c.Example)
	}
	if c.Long != "" {
		fmt.Fprintf(&b, "\n%s\n", c.Long)
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
	if flags := c.LocalFlags().FlagUsagesWrapped(helpWidth); flags != "" {
		fmt.Fprintf(&b, "\nFlags:\n%s", flags)
	}
	if takesToken(c) {
		fmt.Fprintf(&b, "\n%s\n", sources())
	}
	_, _ = io.WriteString(c.OutOrStdout(), b.String())
}

func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:    "help [COMMAND]",
		Short:  "print the help of a command",
		Hidden: true, // --help says as much
		RunE: func(c *cobra.Command, args []string) error {
			about, rest, err := c.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return &settings.Error{Text: fmt.Sprintf("there is no command %.20q", args[0]), Hint: "see credproc --help"}
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},

		ValidArgsFunction: first(offerCommands),

		DisableFlagsInUseLine: true,
	}
}

// takesToken reports whether a command has the flags of get.
func takesToken(c *cobra.Command) bool {
	f := c.Flags().Lookup("token-source")
	return f != nil && !f.Hidden
}

// sources is what commands that get credentials have in common.
func sources() string {
	var b strings.Builder
	b.WriteString("Where the token comes from, if no file is named (SPEC):\n")
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
with the profiles.`)
	return b.String()
}
