// Empty is what a Go program costs before its first line.
package main

func main() {}
