//go:build !unix

package awsconfig

const nonblock = 0
