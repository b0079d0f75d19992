package window

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
)

// goldenScenes are the scenes whose texts do not depend on the date or the machine.
var goldenScenes = []string{"first-run", "no-guest", "stopped", "running", "undo-banner", "filling", "source-failed", "new-vm", "settings", "automatic", "vm-menu", "broken-vm"}

// TestGoldens compares the markup of the window with testdata. Colors are theme color
// names, so dark and light differ only where a widget uses another color.
func TestGoldens(t *testing.T) {
	for _, variant := range []fyne.ThemeVariant{theme.VariantDark, theme.VariantLight} {
		l := look{variant, 1280, 800, 1}
		folder := map[fyne.ThemeVariant]string{theme.VariantDark: "dark", theme.VariantLight: "light"}[variant]
		for _, name := range goldenScenes {
			t.Run(folder+"/"+name, func(t *testing.T) {
				s := sceneNamed(t, name)
				service := s.service
				s.service = func(t *testing.T) *fakeService {
					svc := service(t)
					for i := range svc.vms {
						svc.vms[i].MemoryUsed = 0 // shown after a delay
					}
					return svc
				}
				d := openScene(t, s, l)
				d.terminals.consoles.each(func(t *tab) { t.terminal.Hide() }) // its output arrives asynchronously
				test.AssertRendersToMarkup(t, folder+"/"+name+".xml", d.win.Canvas())
			})
		}
	}
}

func sceneNamed(t *testing.T, name string) scene {
	t.Helper()
	for _, s := range scenes {
		if s.name == name {
			return s
		}
	}
	t.Fatalf("no scene %q", name)
	return scene{}
}
