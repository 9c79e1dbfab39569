package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func newPurge() *cobra.Command {
	c := &cobra.Command{
		Use:    "purge",
		Short:  "forget cached credentials",
		Args:   noArgs,
		Hidden: true, // not built yet
	}
	c.RunE = func(*cobra.Command, []string) error { return errors.New("purge is not built yet") }
	return c
}
