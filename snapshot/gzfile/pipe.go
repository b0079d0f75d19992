package gzfile

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// maxWorkers keeps the memory of one run far under 150 MB.
const maxWorkers = 16

// DefaultWorkers is the number of workers when none is asked for.
func DefaultWorkers() int { return max(1, min(runtime.GOMAXPROCS(0), maxWorkers)) }

// stages are the three parts of an ordered parallel run over items of type T.
// Any error ends the run; when it returns, no goroutine of it is left.
type stages[T any] struct {
	// produce fills the next item; false says there is none. Called from one goroutine.
	produce func(*T) (bool, error)
	// worker makes what one worker does with an item, with buffers of its own.
	worker func() func(*T) error
	// collect takes the finished items in the order of produce. Called from one goroutine.
	collect func(*T) error
}

type item[T any] struct {
	value T
	done  chan struct{} // capacity 1: a worker never waits
}

// run uses at most two items for each worker; items (with their buffers) are
// used again once they are collected.
func (s stages[T]) run(ctx context.Context, workers int) error {
	if workers <= 0 {
		workers = DefaultWorkers()
	}
	window := 2 * workers
	free := make(chan *item[T], window)
	todo := make(chan *item[T], window)
	order := make(chan *item[T], window)
	for range window {
		free <- &item[T]{done: make(chan struct{}, 1)}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(todo)
		defer close(order)
		for {
			var it *item[T]
			select {
			case it = <-free:
			case <-ctx.Done():
				return ctx.Err()
			}
			if more, err := s.produce(&it.value); err != nil || !more {
				return err
			}
			todo <- it // never waits: there are no more items than places
			order <- it
		}
	})
	for range workers {
		group.Go(func() error {
			work := s.worker()
			for it := range todo {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if err := work(&it.value); err != nil {
					return err
				}
				it.done <- struct{}{}
			}
			return nil
		})
	}
	group.Go(func() error {
		for it := range order {
			select {
			case <-it.done:
			case <-ctx.Done():
				return ctx.Err()
			}
			if err := s.collect(&it.value); err != nil {
				return err
			}
			free <- it
		}
		return nil
	})
	return group.Wait()
}
