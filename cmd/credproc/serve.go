package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func newServe() *cobra.Command {
	c := &cobra.Command{
		Use:    "serve",
		Short:  "answer the container credentials endpoint on loopback",
		Args:   noArgs,
		Hidden: true, // not built yet
	}
	c.RunE = func(*cobra.Command, []string) error { return errors.New("serve is not built yet") }
	return c
}
