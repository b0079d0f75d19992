package words

import (
	"embed"

	"fyne.io/fyne/v2/lang"
)

// translations contains one file per language, which maps English texts to their translations.
// The file for English contains only plurals.
//
//go:embed translations
var translations embed.FS

// AddTranslations registers the translations with Fyne, which selects the language of the
// locale. A text without a translation is shown in English.
func AddTranslations() error { return lang.AddTranslationsFS(translations, "translations") }
