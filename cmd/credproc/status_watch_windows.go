package main

import (
	"os"
	"syscall"
)

func watchSignals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }

func isStop(os.Signal) bool { return false }

func isContinue(os.Signal) bool { return false }

func isResize(os.Signal) bool { return false }

func stop() bool { return false }

func inForeground(*os.File) bool { return true }
