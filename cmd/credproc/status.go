package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func newStatus() *cobra.Command {
	c := &cobra.Command{
		Use:    "status",
		Short:  "show every cached credential and how long it lasts",
		Args:   noArgs,
		Hidden: true, // not built yet
	}
	c.RunE = func(*cobra.Command, []string) error { return errors.New("status is not built yet") }
	return c
}
