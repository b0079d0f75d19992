package app

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"vmterminal/app/ondisk"
	"vmterminal/vm"
)

// Setting is one line of config.yaml: what a new VM gets if nothing else is
// asked for.
type Setting struct {
	Key string
	// About is what it is, in a few words with its unit.
	About string
	// Value is what holds, BuiltIn what holds where the file says nothing.
	Value, BuiltIn string
	// Set tells whether the file says it.
	Set bool
}

// defaults are a new VM as config.yaml has it.
type defaults struct {
	vm.VM
	every time.Duration // 0: no automatic snapshots
	keep  int
}

// setting is a key of config.yaml.
type setting struct {
	key, about string
	read       func(*defaults, string) error
	write      func(defaults) string
}

// settings is the one table of what config.yaml may say.
var settings = []setting{
	whole("cpus", "virtual CPUs", func(d *defaults) *int { return &d.CPUs }),
	whole("memory", "memory in MB", func(d *defaults) *int { return &d.MemoryMB }),
	whole("disk-size", "size of the disk in MB", func(d *defaults) *int { return &d.DiskSizeMB }),
	{
		"accel", "auto, kvm or tcg: how QEMU runs the guest",
		func(d *defaults, text string) error { d.Accel = text; return nil },
		func(d defaults) string { return d.Accel },
	},
	{"snapshot-every", "how often a snapshot is taken by itself: 30m, 6h, 1d, or off", readEvery, writeEvery},
	whole("snapshot-keep", "how many of these are kept", func(d *defaults) *int { return &d.keep }),
}

func whole(key, about string, of func(*defaults) *int) setting {
	read := func(d *defaults, text string) error {
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%.100q is %w for %s: a whole number", text, vm.ErrBadConfig, key)
		}
		*of(d) = n
		return nil
	}
	return setting{key, about, read, func(d defaults) string { return strconv.Itoa(*of(&d)) }}
}

const never = "off"

func readEvery(d *defaults, text string) error {
	if text == never {
		d.every = 0
		return nil
	}
	every, err := ParseInterval(text)
	if err == nil && every == 0 {
		err = errInterval
	}
	if err != nil {
		return fmt.Errorf("%.100q is %w for snapshot-every: %w", text, vm.ErrBadConfig, err)
	}
	d.every = every
	return nil
}

func writeEvery(d defaults) string {
	if d.every == 0 {
		return never
	}
	return FormatInterval(d.every)
}

func builtIn(name string) defaults {
	return defaults{VM: vm.Defaults(name), keep: DefaultAutomaticKeep}
}

// with is the defaults with one of them changed; the error wraps vm.ErrBadConfig.
func (d defaults) with(key, value string) (defaults, error) {
	s, err := settingOf(key)
	if err == nil {
		err = s.read(&d, value)
	}
	if err == nil {
		err = d.check()
	}
	return d, err
}

func (d defaults) check() error {
	v := d.asked()
	v.Name = "any"
	if err := v.Check(); err != nil {
		return err
	}
	// How many are kept must be right also while none are taken.
	return vm.Automatic{EverySeconds: int64(max(d.every, MinAutomaticEvery) / time.Second), Keep: d.keep}.Check()
}

// asked is the VM that the defaults ask for.
func (d defaults) asked() vm.VM {
	d.Automatic = Automatic{Every: d.every, Keep: d.keep}.kept(vm.Automatic{})
	return d.VM
}

func settingOf(key string) (setting, error) {
	var keys []string
	for _, s := range settings {
		if s.key == key {
			return s, nil
		}
		keys = append(keys, s.key)
	}
	err := fmt.Errorf("%.100q is %w%s", key, errUnknownKey, ondisk.DidYouMean(key, keys))
	if ondisk.Nearest(key, keys) == "" {
		err = fmt.Errorf("%w; there are %s", err, strings.Join(keys, ", "))
	}
	return setting{}, err
}
