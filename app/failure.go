package app

import (
	"context"
	"slices"
	"strings"
)

// Failure is an error of a use case: what was being done, and what that means
// for the disk.
type Failure struct {
	// Doing completes "could not …": "restore snapshot 'x' of VM 'dev'".
	Doing Phrase
	// Disk is a sentence, "" where no disk is concerned.
	Disk string
	// Also is a sentence about what else became of it, or the zero value.
	Also Phrase
	Err  error
}

func (f *Failure) Error() string { return "could not " + f.Doing.String() + ": " + f.Err.Error() }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// left are the sentences about what it left.
func (f *Failure) left() []Phrase {
	return slices.DeleteFunc([]Phrase{{Format: f.Disk}, f.Also}, func(p Phrase) bool { return p.Format == "" })
}

// said is sentences, one after the other.
func said(sentences []Phrase) string {
	var all []string
	for _, s := range sentences {
		all = append(all, s.String())
	}
	return strings.Join(all, " ")
}

const (
	// unchanged is what most failures leave.
	unchanged = "The disk is unchanged."
	// unsafely is what ondisk.ErrNotDurable leaves.
	unsafely = "It is done, but a power cut might undo it."
)

// failed wraps an error of a use case; nil stays nil. doing is as phrase takes it.
func failed(err error, disk, doing string, args ...any) error {
	if err == nil {
		return nil
	}
	return &Failure{Doing: phrase(doing, args...), Disk: disk, Err: err}
}

// interrupted is a cancel after which something goes on, or stays; it says what.
type interrupted string

func (i interrupted) Error() string { return string(i) }

func (i interrupted) Is(target error) bool { return target == context.Canceled }
