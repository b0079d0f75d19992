package gzfile

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// maxWorkers limits the memory of one run to well under 150 MB.
const maxWorkers = 16

// stages holds the functions of a parallel run over items of type T, whose results are
// collected in order. Any error ends the run. When run returns, all of its goroutines have
// ended.
type stages[T any] struct {
	// produce fills in the next item, or returns false at the end. One goroutine calls it.
	produce func(*T) (bool, error)
	// worker returns a function that processes items in one goroutine, with its own buffers.
	worker func() func(*T) error
	// collect receives the processed items in the order of produce. One goroutine calls it.
	collect func(*T) error
}

type item[T any] struct {
	value T
	done  chan struct{} // capacity 1, so that a worker never blocks
}

// run uses at most two items per worker; items and their buffers are reused once they are
// collected.
func (s stages[T]) run(ctx context.Context, workers int) error {
	if workers <= 0 {
		workers = max(1, min(runtime.GOMAXPROCS(0), maxWorkers))
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
			todo <- it // never blocks: the channel has room for all items
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
