package supervisor

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"vmterminal/snapshot/durable"
)

// createFirmwareVariables creates the UEFI variables of a VM from the firmware's
// template, unless they exist. An empty file counts as missing; see package snapshot.
func createFirmwareVariables(spec Spec) error {
	if spec.Firmware.Code == "" {
		return nil
	}
	st, err := os.Stat(spec.Dir.Firmware())
	if err == nil && st.Size() > 0 {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	template, err := os.Open(spec.Firmware.Template)
	if err != nil {
		return err
	}
	defer template.Close()
	return durable.Replace(spec.Dir.Firmware(), func(w io.Writer) error {
		_, err := io.Copy(w, template)
		return err
	})
}
