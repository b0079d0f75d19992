package host

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"vmterminal/app/ondisk"
)

// makeVariables gives a guest with UEFI the variables that its firmware begins with,
// unless it has some. An empty file is none: see snapshot.
func (m *machine) makeVariables() error {
	if m.spec.Firmware.Code == "" {
		return nil
	}
	st, err := os.Stat(m.spec.Dir.Firmware())
	if err == nil && st.Size() > 0 {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	template, err := os.Open(m.spec.Firmware.Template)
	if err != nil {
		return err
	}
	defer template.Close()
	return ondisk.Replace(m.spec.Dir.Firmware(), func(w io.Writer) error {
		_, err := io.Copy(w, template)
		return err
	})
}
