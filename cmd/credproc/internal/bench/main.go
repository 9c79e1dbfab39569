// Bench measures what credproc costs and fails when a limit is missed. Run it
// from the repository's root:
//
//	go run ./cmd/credproc/internal/bench [-only FIGURE] [-runs N] [-page DIR]
//
// Times are ratios between programs that were started in turns in this one run,
// so that a slow or a busy machine slows them all. The processes are real ones,
// built as a release is, in a clean environment, against a strict STS on
// loopback.
//
// It exits with 1 when a limit was missed or a figure could not be measured,
// and with 2 when it was called wrongly.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
)

// A figure is one measurement, for which each program is started that often
// where a median is to be taken.
type figure struct {
	name    string
	measure func(context.Context, *programs, int) (finding, error)
}

var figures = []figure{
	{"start", start},
	{"others", others},
	{"miss", miss},
	{"entries", entries},
	{"files", files},
	{"herd", herd},
	{"refused", refused},
	{"endpoint", endpoint},
	{"size", size},
	{"memory", memory},
}

// minRuns is how many runs of each program the median of a start needs before
// it is worth comparing with a limit.
const minRuns = 200

func main() {
	only := flag.String("only", "", "measure one `figure`: "+strings.Join(names(), ", "))
	runs := flag.Int("runs", 400, fmt.Sprintf("start each program this `many` times; fewer than %d prove nothing", minRuns))
	page := flag.String("page", "", "write "+pageName+" and its chart into this `folder`")
	flag.Parse()
	if flag.NArg() > 0 || *runs < 1 || *only != "" && !slices.Contains(names(), *only) {
		flag.Usage()
		os.Exit(2)
	}
	// An interrupt ends the loops, so that the temporary folder goes.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ok, err := run(ctx, *only, *runs, *page)
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench: error: %v\n", err)
	}
	if !ok || err != nil {
		os.Exit(1)
	}
}

func names() []string {
	var list []string
	for _, f := range figures {
		list = append(list, f.name)
	}
	return list
}

// run measures and prints, and reports whether every limit was kept.
func run(ctx context.Context, only string, runs int, page string) (ok bool, err error) {
	dir, err := os.MkdirTemp("", "credproc-bench-")
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	p, err := build(ctx, dir)
	if err != nil {
		return false, err
	}
	machine := fmt.Sprintf("%s %s/%s, %d CPUs", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	fmt.Println(machine)
	var all table
	var chart []bar
	for _, f := range figures {
		if only != "" && f.name != only {
			continue
		}
		found, err := f.measure(ctx, p, runs)
		if ctx.Err() != nil {
			return false, errors.New("interrupted")
		}
		fmt.Printf("\n%s\n%s", f.name, found.notes)
		if err != nil {
			fmt.Printf("  NOT MEASURED: %v\n", err)
			found.rows = append(found.rows, row{what: f.name, reason: err})
		}
		all = append(all, found.rows...)
		chart = append(chart, found.bars...)
	}
	fmt.Printf("\n%s", all)
	if page != "" {
		if err := writePage(page, machine, all, chart); err != nil {
			return false, err
		}
	}
	return all.ok(), nil
}
