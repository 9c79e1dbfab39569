package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// stuck is when a process is killed for not ending by itself: far beyond every
// limit, so that a hanging credproc fails the benchmark instead of hanging it.
const stuck = time.Minute

// A call is a process to be started.
type call struct {
	path string
	args []string
	env  []string
}

type result struct {
	wall           time.Duration // from before it is started to after it was waited for
	status         int           // -1 after a signal
	stdout, stderr string
}

// start starts every measured process of every figure, in the same way.
func (c call) start(stdin, stdout, stderr *os.File) (*os.Process, error) {
	return os.StartProcess(c.path, append([]string{c.path}, c.args...), &os.ProcAttr{
		Env:   c.env,
		Files: []*os.File{stdin, stdout, stderr},
	})
}

// run runs one process. Its stdout and stderr are pipes, as a caller's would
// be, that are read after it ended: nothing runs beside it.
func (c call) run() (result, error) {
	stdin, err := os.Open(os.DevNull)
	if err != nil {
		return result{}, err
	}
	defer stdin.Close()
	outR, outW, err := os.Pipe()
	if err != nil {
		return result{}, err
	}
	defer outR.Close()
	defer outW.Close()
	errR, errW, err := os.Pipe()
	if err != nil {
		return result{}, err
	}
	defer errR.Close()
	defer errW.Close()

	begin := time.Now()
	p, err := c.start(stdin, outW, errW)
	if err != nil {
		return result{}, err
	}
	watchdog := time.AfterFunc(stuck, func() { _ = p.Kill() })
	state, err := p.Wait()
	r := result{wall: time.Since(begin)}
	watchdog.Stop()
	if err != nil {
		return r, err
	}
	r.status = state.ExitCode()
	outW.Close()
	errW.Close()
	stdout, err := io.ReadAll(outR)
	if err != nil {
		return r, err
	}
	stderr, err := io.ReadAll(errR)
	r.stdout, r.stderr = string(stdout), string(stderr)
	return r, err
}

// crowd starts n processes as fast as it can and waits for all of them. It
// returns them in the order of their start, and the time from before the first
// start to after the last end; their own wall times are not taken. They write
// to files in dir: nothing reads beside them.
func (c call) crowd(dir string, n int) ([]result, time.Duration, error) {
	dir, err := os.MkdirTemp(dir, "crowd-")
	if err != nil {
		return nil, 0, err
	}
	defer os.RemoveAll(dir)
	stdin, err := os.Open(os.DevNull)
	if err != nil {
		return nil, 0, err
	}
	defer stdin.Close()
	files := make([]*os.File, 2*n) // stdout and stderr of each
	for i := range files {
		if files[i], err = os.Create(filepath.Join(dir, strconv.Itoa(i))); err != nil {
			return nil, 0, err
		}
		defer files[i].Close()
	}

	var running []*os.Process
	killAll := func() {
		for _, p := range running {
			_ = p.Kill()
		}
	}
	var failed error
	begin := time.Now()
	for i := range n {
		p, err := c.start(stdin, files[2*i], files[2*i+1])
		if err != nil {
			failed = fmt.Errorf("starting process %d of %d: %w", i+1, n, err)
			killAll()
			break
		}
		running = append(running, p)
	}
	watchdog := time.AfterFunc(stuck, killAll)
	results := make([]result, len(running))
	for i, p := range running {
		state, err := p.Wait()
		if err != nil {
			failed = err
			continue
		}
		results[i].status = state.ExitCode()
	}
	wall := time.Since(begin)
	watchdog.Stop()
	if failed != nil {
		return nil, wall, failed
	}
	for i := range results {
		stdout, err := os.ReadFile(files[2*i].Name())
		if err != nil {
			return nil, wall, err
		}
		stderr, err := os.ReadFile(files[2*i+1].Name())
		if err != nil {
			return nil, wall, err
		}
		results[i].stdout, results[i].stderr = string(stdout), string(stderr)
	}
	return results, wall, nil
}
