package main

import (
	"context"
	"fmt"
	"os"
)

// size is that of the stripped binary.
func size(_ context.Context, p *programs, _ int) (finding, error) {
	var bytes [3]int64
	for i, path := range []string{p.empty, p.linked, p.credproc} {
		info, err := os.Stat(path)
		if err != nil {
			return finding{}, err
		}
		bytes[i] = info.Size()
	}
	notes := fmt.Sprintf("  bytes: empty program %d, libraries alone %d, credproc %d\n", bytes[0], bytes[1], bytes[2])
	return finding{notes: notes, rows: table{
		{what: "stripped binary", measured: float64(bytes[2]) / 1e6, limit: 12, unit: megabytes},
	}}, nil
}
