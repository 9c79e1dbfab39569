//go:build unix

package child

import (
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
)

// A witness is a process in our group that counts the signals it gets. What
// both it and we got, the child has got too.
type witness struct {
	ask  io.WriteCloser // a byte is a question
	said io.ReadCloser  // an answer is one count a signal of passed, one byte each
	end  func()

	// more is what the witness has seen that we had not at the time: our own
	// may be on its way.
	more map[os.Signal]int
	at   time.Time
}

const (
	// answerTime is what a busy machine gets for an answer.
	answerTime = 5 * time.Second

	// memory is how long what was seen is worth comparing.
	memory = time.Second
)

// startWitness starts a witness and waits until it sees. Without one, nil, the
// terminal's foreground group must do as a rule.
func startWitness(self string) *witness {
	questions, ask, err := os.Pipe()
	if err != nil {
		return nil
	}
	defer questions.Close()
	said, answers, err := os.Pipe()
	if err != nil {
		ask.Close()
		return nil
	}
	defer answers.Close()
	w := &witness{ask: ask, said: said, more: map[os.Signal]int{}}
	cmd := &exec.Cmd{Path: self, Args: []string{WitnessName}, Env: []string{}, Dir: "/", Stdin: questions, Stdout: answers}
	if err := cmd.Start(); err != nil {
		w.close()
		return nil
	}
	w.end = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	if _, ok := w.answer(); !ok {
		w.close()
		return nil
	}
	return w
}

// close ends the witness, and waits for that: process 1 of a container often is a
// program that waits for no child but its own, and would keep it as a zombie.
func (w *witness) close() {
	if w == nil {
		return
	}
	w.ask.Close()
	w.said.Close()
	if w.end != nil {
		w.end()
	}
}

// alone says how many of the signals that we got nobody else in our group did.
func (w *witness) alone(count map[os.Signal]int) map[os.Signal]int {
	alone := map[os.Signal]int{}
	seen, ok := w.question()
	for s, n := range count {
		switch {
		case ok:
			both := min(n, seen[s])
			alone[s] = n - both
			seen[s] -= both
		case (s == syscall.SIGINT || s == syscall.SIGQUIT || s == syscall.SIGTSTP) && inForeground():
			// The terminal's keys, most likely.
		default:
			alone[s] = n
		}
	}
	return alone
}

// question asks what the witness has seen of late; what is left of the answer
// counts the next time.
func (w *witness) question() (seen map[os.Signal]int, ok bool) {
	if w == nil {
		return nil, false
	}
	if _, err := w.ask.Write([]byte{'?'}); err != nil {
		return nil, false
	}
	seen, ok = w.answer()
	if !ok {
		return nil, false
	}
	if time.Since(w.at) > memory {
		clear(w.more)
	}
	for s, n := range seen {
		w.more[s] += n
	}
	w.at = time.Now()
	return w.more, true
}

func (w *witness) answer() (map[os.Signal]int, bool) {
	_ = w.said.(*os.File).SetReadDeadline(time.Now().Add(answerTime))
	counts := make([]byte, len(passed))
	if _, err := io.ReadFull(w.said, counts); err != nil {
		return nil, false
	}
	seen := map[os.Signal]int{}
	for i, s := range passed {
		seen[s] = int(counts[i])
	}
	return seen, true
}

// Witness is the whole life of a witness. It ends when its parent does.
func Witness() {
	signals := make(chan os.Signal, 256)
	signal.Notify(signals, passed...)
	// killall and pkill go by this name too; before the first answer nobody has it.
	_ = os.WriteFile("/proc/self/comm", []byte("witness"), 0)

	type sight struct {
		signal os.Signal
		at     time.Time
	}
	var seen []sight
	questions := make(chan struct{})
	go func() {
		defer close(questions)
		for b := make([]byte, 1); ; {
			if _, err := os.Stdin.Read(b); err != nil {
				return
			}
			questions <- struct{}{}
		}
	}()
	answer := func() error {
		counts := make([]byte, len(passed))
		for _, x := range seen {
			for i, s := range passed {
				if s == x.signal && time.Since(x.at) < memory && counts[i] < 255 {
					counts[i]++
				}
			}
		}
		seen = seen[:0]
		_, err := os.Stdout.Write(counts)
		return err
	}
	if answer() != nil {
		return
	}
	for {
		select {
		case s := <-signals:
			seen = append(seen, sight{s, time.Now()})
			continue
		case _, more := <-questions:
			if !more {
				return
			}
		}
		// A signal that has come before the question is on its way to the channel.
		for grace := time.After(settle); grace != nil; {
			select {
			case s := <-signals:
				seen = append(seen, sight{s, time.Now()})
			case <-grace:
				grace = nil
			}
		}
		if answer() != nil {
			return
		}
	}
}
