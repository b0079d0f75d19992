//go:build !nogui

package desktop

import (
	"embed"

	"fyne.io/fyne/v2/lang"
)

// translations has a file for each language but English: each English text with
// the one that stands for it.
//
//go:embed translations
var translations embed.FS

// translate adds the languages to Fyne's. The person's is chosen by Fyne, from
// the locale; a text that a language lacks is shown in English.
func translate() error { return lang.AddTranslationsFS(translations, "translations") }
