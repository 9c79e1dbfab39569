package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/credproc/credproc/cmd/credproc/internal/awsconfig"
	"github.com/credproc/credproc/cmd/credproc/internal/settings"
	"github.com/credproc/credproc/source/token"
)

const completionLong = `Prints a script that teaches a shell to complete commands, flags, the names of
profiles in the AWS config files, formats, token sources, files where files are
meant, and the command after credproc exec. The one for bash needs nothing but
bash itself.`

const completionExamples = `  # bash: now, and in every shell
  source <(credproc completion bash)
  credproc completion bash >~/.local/share/bash-completion/completions/credproc

  # zsh, into a folder of $fpath
  credproc completion zsh >"${fpath[1]}/_credproc"

  # fish
  credproc completion fish >~/.config/fish/completions/credproc.fish

  # PowerShell, in $PROFILE
  credproc completion powershell | Out-String | Invoke-Expression`

// shells are those that completion knows.
var shells = []string{"bash", "zsh", "fish", "powershell"}

func newCompletion() *cobra.Command {
	return &cobra.Command{
		Use:       "completion " + strings.Join(shells, "|"),
		Short:     "print a script that completes commands, flags and profiles in your shell",
		Long:      completionLong,
		Example:   completionExamples,
		ValidArgs: shells,
		Args: func(c *cobra.Command, args []string) error {
			hint := "say credproc completion " + strings.Join(shells, "|")
			switch {
			case len(args) == 0:
				return &settings.Error{Text: "no shell is named", Hint: hint}
			case !slices.Contains(shells, args[0]):
				return &settings.Error{Text: fmt.Sprintf("there is no completion for %.20q", args[0]), Hint: hint}
			}
			return noArgs(c, args[1:])
		},
		RunE: func(c *cobra.Command, args []string) error {
			out, script := c.OutOrStdout(), ""
			switch args[0] {
			case "bash":
				script = bashCompletion
			case "zsh":
				script = zshCompletion
			case "fish":
				script = fishCompletion
			default:
				return c.Root().GenPowerShellCompletionWithDesc(out)
			}
			_, err := io.WriteString(out, script)
			return err
		},

		DisableFlagsInUseLine: true,
	}
}

// completes reports whether a shell asks what could come next.
func completes(args []string) bool {
	return len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd)
}

// offerValues says what may follow each flag and each command. It is called only
// when a shell asks.
func offerValues(root *cobra.Command) {
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	for _, c := range append(root.Commands(), root) {
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			kind, usage := pflag.UnquoteUsage(f)
			f.Usage = usage // shells show it, and know nothing of back quotes
			if offer := valuesOf(f.Name, kind); offer != nil {
				_ = c.RegisterFlagCompletionFunc(f.Name, offer)
			}
		})
		switch c.Name() {
		case "exec":
			c.ValidArgsFunction = offerPrograms
		case "setup":
			c.ValidArgsFunction = first(offerProfiles)
		case "man":
			c.ValidArgsFunction = first(offerFolders)
		}
	}
}

// valuesOf is what may follow a flag whose value is of a kind: the word that its
// help shows for it. Nil is nothing that could be listed.
func valuesOf(flag, kind string) cobra.CompletionFunc {
	switch {
	case flag == "profile" || flag == "allow-profile":
		return offerProfiles
	case flag == "format":
		return cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp)
	case flag == "token-source":
		return offerTokenSources
	case kind == "folder":
		return offerFolders
	case kind == "file" || kind == "command":
		return offerFiles
	default:
		return nil
	}
}

// first is offer for the first argument, and nothing for others.
func first(offer cobra.CompletionFunc) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return offer(c, args, toComplete)
	}
}

func offerFiles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

func offerFolders(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

func offerCommands(help *cobra.Command, _ []string, toComplete string) (names []string, d cobra.ShellCompDirective) {
	for _, c := range help.Root().Commands() {
		if c.IsAvailableCommand() && strings.HasPrefix(c.Name(), toComplete) {
			names = append(names, cobra.CompletionWithDesc(c.Name(), c.Short))
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// harmless reports whether a name can stand in a command line as it is. No other
// one is offered: shells put the beginning that several names share into the line
// without quotes, and zsh runs what stands there at the next Tab.
func harmless(name string) bool {
	return name != "" && name[0] != '-' && strings.Trim(name, alphanumeric+nameSigns) == ""
}

// offerProfiles lists the profiles of both AWS config files.
func offerProfiles(_ *cobra.Command, _ []string, toComplete string) (names []string, d cobra.ShellCompDirective) {
	d = cobra.ShellCompDirectiveNoFileComp
	home, _ := os.UserHomeDir()
	config, _ := awsconfig.Load(awsconfig.Path(os.Getenv, home))
	credentials, _ := awsconfig.LoadCredentials(awsconfig.CredentialsPath(os.Getenv, home))
	for _, f := range []*awsconfig.File{config, credentials} {
		if f == nil {
			continue
		}
		for _, name := range f.Profiles() {
			if strings.HasPrefix(name, toComplete) && harmless(name) && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names, d
}

// offerTokenSources lists token sources up to the argument that they take.
func offerTokenSources(_ *cobra.Command, _ []string, toComplete string) ([]string, cobra.ShellCompDirective) {
	if strings.HasPrefix(toComplete, "file:") {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var names []string
	goesOn := true // with an argument, whichever it is
	for _, form := range token.Forms() {
		name, argument, _ := strings.Cut(form, ":")
		alone := argument == ""
		if optional := strings.TrimSuffix(name, "["); optional != name {
			name, alone = optional, true
		}
		if !alone {
			name += ":"
		}
		if strings.HasPrefix(name, toComplete) && name != toComplete {
			names = append(names, cobra.CompletionWithDesc(name, form))
			goesOn = goesOn && !alone
		}
	}
	d := cobra.ShellCompDirectiveNoFileComp
	if goesOn {
		d |= cobra.ShellCompDirectiveNoSpace
	}
	return names, d
}

// offerPrograms lists the programs that exec would find, and for their arguments
// files.
func offerPrograms(_ *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 || strings.ContainsRune(toComplete, filepath.Separator) {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var names []string
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if !filepath.IsAbs(dir) {
			continue
		}
		all, _ := os.ReadDir(dir)
		for _, e := range all {
			if name := e.Name(); strings.HasPrefix(name, toComplete) && harmless(name) && isProgram(dir, e) {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	slices.Sort(names)
	return slices.Compact(names), cobra.ShellCompDirectiveNoFileComp
}

func isProgram(dir string, e fs.DirEntry) bool {
	info, err := os.Stat(filepath.Join(dir, e.Name()))
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}
