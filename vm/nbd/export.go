package nbd

import (
	"errors"
)

var (
	// ErrNoExport says that the server has no export of that name.
	ErrNoExport = errors.New("no such export")
	// ErrProtocol says that the server sent what makes no sense.
	ErrProtocol = errors.New("not NBD")
	// ErrSilent says that the server has stopped answering.
	ErrSilent = errors.New("the NBD server has stopped answering")
	// ErrClosed is the cause when the connection was ended by Close.
	ErrClosed = errors.New("NBD connection closed")
)
