package rig

import "syscall"

// groupLeader also has the kernel kill the process when ours dies without
// having cancelled anything, as by SIGKILL or a test's time-out.
func groupLeader() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
