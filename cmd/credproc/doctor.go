package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func newDoctor() *cobra.Command {
	c := &cobra.Command{
		Use:    "doctor",
		Short:  "say which credentials each SDK would use here, and what to change",
		Args:   noArgs,
		Hidden: true, // not built yet
	}
	c.RunE = func(*cobra.Command, []string) error { return errors.New("doctor is not built yet") }
	return c
}
