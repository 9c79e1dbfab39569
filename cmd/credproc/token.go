package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func newToken() *cobra.Command {
	c := &cobra.Command{
		Use:    "token",
		Short:  "show the web identity token's claims and the trust policy that accepts it",
		Args:   noArgs,
		Hidden: true, // not built yet
	}
	c.RunE = func(*cobra.Command, []string) error { return errors.New("token is not built yet") }
	return c
}
