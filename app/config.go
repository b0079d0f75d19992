package app

import (
	"context"
	"slices"

	"vmterminal/app/config"
	"vmterminal/app/problem"
	"vmterminal/snapshot/durable"
)

// Config returns the defaults for new VMs with the given keys, or all defaults if there are no
// keys.
func (s *Service) Config(_ context.Context, keys ...string) ([]config.Setting, error) {
	op := problem.Operation{Code: problem.OpConfigRead}
	for _, key := range keys {
		if err := config.CheckKey(key); err != nil {
			return nil, wrapFailure(err, op)
		}
	}
	file, err := config.Read(s.opt.Home.Config())
	if err != nil {
		return nil, wrapFailure(err, op)
	}
	return slices.DeleteFunc(file.Settings(), func(setting config.Setting) bool {
		return len(keys) > 0 && !slices.Contains(keys, setting.Key)
	}), nil
}

// SetConfig changes a default for new VMs. It changes nothing if the key or value is invalid,
// or the file cannot be read.
func (s *Service) SetConfig(ctx context.Context, key, value string) (config.Setting, error) {
	return s.changeConfig(ctx, key, problem.Operation{Code: problem.OpConfigSet, Key: key}, func(file *config.File) error { return file.Set(key, value) })
}

// UnsetConfig resets a default for new VMs to its built-in value.
func (s *Service) UnsetConfig(ctx context.Context, key string) (config.Setting, error) {
	return s.changeConfig(ctx, key, problem.Operation{Code: problem.OpConfigUnset, Key: key}, func(file *config.File) error { return file.Unset(key) })
}

func (s *Service) changeConfig(ctx context.Context, key string, op problem.Operation, change func(*config.File) error) (config.Setting, error) {
	if err := s.editConfig(key, change); err != nil {
		return config.Setting{}, wrapFailure(err, op, problem.NothingChanged)
	}
	now, err := s.Config(ctx, key)
	if err != nil {
		return config.Setting{}, err
	}
	return now[0], nil
}

func (s *Service) editConfig(key string, change func(*config.File) error) error {
	if err := config.CheckKey(key); err != nil {
		return err
	}
	if err := s.opt.Home.CheckMounted(); err != nil {
		return err
	}
	if err := durable.MakeDir(string(s.opt.Home)); err != nil {
		return err
	}
	lock, err := durable.BriefLock(s.opt.Home.Lock())
	if err != nil {
		return err
	}
	defer lock.Close()
	file, err := config.Read(s.opt.Home.Config())
	if err != nil {
		return err
	}
	if err := change(file); err != nil {
		return err
	}
	return file.Save()
}
