// Package calls traces a program and calls a function before each system call on the files
// of a folder. The function may let the call proceed, kill the program, or make the call
// fail.
//
// The calls of all threads are counted together. (strace's fault injection counts per
// thread, so it cannot select the n-th call of a program with several threads.)
package calls
