package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"vmterminal/app/schedule"
	"vmterminal/app/spelling"
	"vmterminal/snapshot/durable"
	"vmterminal/vm"
)

// Setting is a default for new VMs, stored in config.yaml.
type Setting struct {
	Key string
	// About describes the setting in a few words, with its unit.
	About string
	// Value is the effective value. BuiltIn is the value that applies if the file has no entry.
	Value, BuiltIn string
	// Set reports whether the file has an entry.
	Set bool
}

// defaults holds the settings of a new VM.
type defaults struct {
	vm.VM
	interval time.Duration // 0: no automatic snapshots
	keep     int
}

// setting describes a key of config.yaml.
type setting struct {
	key, about string
	parse      func(*defaults, string) error
	format     func(defaults) string
}

// settings lists the keys that config.yaml may contain.
var settings = []setting{
	intSetting("cpus", "virtual CPUs", func(d *defaults) *int { return &d.CPUs }),
	intSetting("memory", "memory in MiB", func(d *defaults) *int { return &d.MemoryMB }),
	intSetting("disk-size", "size of the disk in MB", func(d *defaults) *int { return &d.DiskSizeMB }),
	{
		"accel", "auto, kvm or tcg: how QEMU runs the guest",
		func(d *defaults, text string) error { d.Accel = text; return nil },
		func(d defaults) string { return d.Accel },
	},
	{"snapshot-every", "interval of automatic snapshots: 30m, 6h, 1d, or off", parseInterval, formatInterval},
	intSetting("snapshot-keep", "number of automatic snapshots to keep", func(d *defaults) *int { return &d.keep }),
}

func intSetting(key, about string, field func(*defaults) *int) setting {
	parse := func(d *defaults, text string) error {
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%.100q is %w for %s: a whole number", text, vm.ErrBadConfig, key)
		}
		*field(d) = n
		return nil
	}
	return setting{key, about, parse, func(d defaults) string { return strconv.Itoa(*field(&d)) }}
}

const offText = "off"

func parseInterval(d *defaults, text string) error {
	if text == offText {
		d.interval = 0
		return nil
	}
	every, err := schedule.ParseInterval(text)
	if err == nil && every == 0 {
		err = schedule.ErrInterval
	}
	if err != nil {
		return fmt.Errorf("%.100q is %w for snapshot-every: %w", text, vm.ErrBadConfig, err)
	}
	d.interval = every
	return nil
}

func formatInterval(d defaults) string {
	if d.interval == 0 {
		return offText
	}
	return schedule.FormatInterval(d.interval)
}

func builtInDefaults() defaults { return defaults{VM: vm.Defaults(""), keep: vm.DefaultKeep} }

// BuiltInSettings returns the available settings with their built-in values.
func BuiltInSettings() []Setting { return (&File{values: builtInDefaults()}).Settings() }

// CheckKey returns an error that wraps [ErrUnknownSetting] if there is no such setting.
func CheckKey(key string) error {
	_, err := findSetting(key)
	return err
}

// NewVM returns a VM with the defaults.
func (c *File) NewVM(name string) vm.VM {
	v := c.values.newVM()
	v.Name = name
	return v
}

// withValue returns the defaults with one value changed. If the value is invalid, the error wraps
// vm.ErrBadConfig.
func (d defaults) withValue(key, value string) (defaults, error) {
	s, err := findSetting(key)
	if err == nil {
		err = s.parse(&d, value)
	}
	if err == nil {
		err = d.check()
	}
	return d, err
}

func (d defaults) check() error {
	v := d.newVM()
	v.Name = "any"
	if err := v.Check(); err != nil {
		return err
	}
	// The number to keep must be valid even while automatic snapshots are off.
	return vm.Automatic{IntervalSeconds: int64(max(d.interval, vm.MinInterval) / time.Second), Keep: d.keep}.Check()
}

// newVM returns a VM with the defaults.
func (d defaults) newVM() vm.VM {
	if d.interval != 0 {
		d.Automatic = vm.Automatic{IntervalSeconds: int64(d.interval / time.Second), Keep: d.keep}
	}
	return d.VM
}

func findSetting(key string) (setting, error) {
	var keys []string
	for _, s := range settings {
		if s.key == key {
			return s, nil
		}
		keys = append(keys, s.key)
	}
	err := fmt.Errorf("%.100q is %w", key, ErrUnknownSetting)
	if spelling.Nearest(key, keys) == "" {
		err = fmt.Errorf("%w; the settings are %s", err, strings.Join(keys, ", "))
	}
	return setting{}, &durable.UnknownNameError{Err: err, Name: key, Known: keys}
}
