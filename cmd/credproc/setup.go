package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func newSetup() *cobra.Command {
	c := &cobra.Command{
		Use:    "setup",
		Short:  "write the profiles into the AWS config file",
		Args:   noArgs,
		Hidden: true, // not built yet
	}
	c.RunE = func(*cobra.Command, []string) error { return errors.New("setup is not built yet") }
	return c
}
