package app

import (
	"context"
	"slices"

	"vmterminal/app/ondisk"
)

// ConfigKeys returns what there is to set, as it is built in.
func ConfigKeys() []Setting { return (&configFile{values: builtIn("")}).settings() }

// Config returns the defaults for new VMs: those of the keys, or all.
func (s *Service) Config(_ context.Context, keys ...string) ([]Setting, error) {
	doing := phrase("read the defaults for new VMs")
	for _, key := range keys {
		if _, err := settingOf(key); err != nil {
			return nil, failed(err, "", "%s", doing)
		}
	}
	file, err := readConfig(s.opt.Home.Config())
	if err != nil {
		return nil, failed(err, "", "%s", doing)
	}
	return slices.DeleteFunc(file.settings(), func(is Setting) bool {
		return len(keys) > 0 && !slices.Contains(keys, is.Key)
	}), nil
}

// SetConfig changes one of the defaults for new VMs. A wrong key or value
// changes nothing, and neither does a file that cannot be read.
func (s *Service) SetConfig(ctx context.Context, key, value string) (Setting, error) {
	return s.changeConfig(ctx, key, phrase("set %s", Plain(key)), func(file *configFile) error { return file.set(key, value) })
}

// UnsetConfig makes one of the defaults for new VMs what is built in again.
func (s *Service) UnsetConfig(ctx context.Context, key string) (Setting, error) {
	return s.changeConfig(ctx, key, phrase("unset %s", Plain(key)), func(file *configFile) error { return file.unset(key) })
}

func (s *Service) changeConfig(ctx context.Context, key string, doing Phrase, change func(*configFile) error) (Setting, error) {
	if err := s.editConfig(key, change); err != nil {
		return Setting{}, failed(err, "Nothing was changed.", "%s", doing)
	}
	now, err := s.Config(ctx, key)
	if err != nil {
		return Setting{}, err
	}
	return now[0], nil
}

func (s *Service) editConfig(key string, change func(*configFile) error) error {
	if _, err := settingOf(key); err != nil {
		return err
	}
	if err := ondisk.MakeDir(string(s.opt.Home)); err != nil {
		return err
	}
	lock, err := ondisk.WaitLock(s.opt.Home.Lock())
	if err != nil {
		return err
	}
	defer lock.Close()
	file, err := readConfig(s.opt.Home.Config())
	if err != nil {
		return err
	}
	if err := change(file); err != nil {
		return err
	}
	return file.save()
}
