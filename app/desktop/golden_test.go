//go:build !nogui

package desktop

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
)

// goldenScenes are those whose texts do not depend on the day.
var goldenScenes = []string{"first-run", "no-qemu", "stopped", "running", "undo-banner", "new-vm", "settings", "automatic", "vm-menu", "broken-vm"}

// TestGoldens compares what the window is drawn of with the markup in testdata.
// Colours stand there by their names in the theme: light and dark differ only
// where something is drawn in another colour.
func TestGoldens(t *testing.T) {
	for _, variant := range []fyne.ThemeVariant{theme.VariantDark, theme.VariantLight} {
		l := look{variant, 1280, 800, 1}
		folder := map[fyne.ThemeVariant]string{theme.VariantDark: "dark", theme.VariantLight: "light"}[variant]
		for _, name := range goldenScenes {
			t.Run(folder+"/"+name, func(t *testing.T) {
				d := openScene(t, sceneNamed(t, name), l)
				d.consoles.each(func(t *tab) { t.terminal.Hide() }) // its text comes when it comes
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
	t.Fatalf("there is no scene %q", name)
	return scene{}
}
