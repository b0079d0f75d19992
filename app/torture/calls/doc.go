// Package calls runs a program and is asked before each system call that it
// makes on the files of a folder: it may be let go on, be killed there, or be
// told that the call has failed.
//
// The calls of all threads are counted together. (strace counts those of each
// thread alone, so that the first calls of the thread that works are hidden
// behind those of the one that the program starts with.)
package calls
