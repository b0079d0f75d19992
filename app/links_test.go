package app_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDocumentLinksResolve checks that each relative link in a Markdown file points to an
// existing file, and each fragment to a heading in it.
func TestDocumentLinksResolve(t *testing.T) {
	var documents []string
	for _, pattern := range []string{"*.md", "docs/*.md", "assets/guest/*.md"} {
		found, err := filepath.Glob(filepath.Join(moduleRoot, pattern))
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, found...)
	}
	if !slices.Contains(documents, filepath.Join(moduleRoot, "README.md")) {
		t.Fatalf("got documents %q, want README.md among them", documents)
	}
	for _, document := range documents {
		for _, broken := range brokenLinks(t, document) {
			t.Errorf("%s: link %q does not resolve", document, broken)
		}
	}
}

func TestBrokenLinksAreFound(t *testing.T) {
	dir := t.TempDir()
	document := filepath.Join(dir, "page.md")
	for text, want := range map[string][]string{
		"[a](page.md) [b](#the-top) [c](https://example.org/x)\n# The top":      nil,
		"[a](absent.md)\n![b](absent.png)":                                      {"absent.md", "absent.png"},
		"[a](#absent) [b](page.md#absent)\n# The top":                           {"#absent", "page.md#absent"},
		"    [a](code.md)\n```\n[b](code.md)\n```\n[c](`code.md`)\n`[d](x.md)`": {"`code.md`"},
		"```\n# The top\n```\n[a](#the-top)":                                    {"#the-top"},
	} {
		if err := os.WriteFile(document, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := brokenLinks(t, document); !slices.Equal(got, want) {
			t.Errorf("%q: got broken links %q, want %q", text, got, want)
		}
	}
}

var (
	markdownLink  = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	inlineCode    = regexp.MustCompile("`[^`]*`")
	notInFragment = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// brokenLinks returns the relative links of a Markdown file that do not resolve.
func brokenLinks(t *testing.T, document string) (broken []string) {
	t.Helper()
	for _, line := range proseLines(t, document) {
		if strings.HasPrefix(line, "    ") {
			continue
		}
		// Links inside inline code do not count, but the text of a link may contain inline
		// code.
		withoutLinksInCode := inlineCode.ReplaceAllStringFunc(line, func(code string) string {
			if strings.Contains(code, "](") {
				return ""
			}
			return code
		})
		for _, link := range markdownLink.FindAllStringSubmatch(withoutLinksInCode, -1) {
			if strings.Contains(link[1], "://") || strings.HasPrefix(link[1], "mailto:") {
				continue
			}
			path, fragment, hasFragment := strings.Cut(link[1], "#")
			target := document
			if path != "" {
				target = filepath.Join(filepath.Dir(document), path)
			}
			if _, err := os.Stat(target); err != nil || hasFragment && !hasHeading(t, target, fragment) {
				broken = append(broken, link[1])
			}
		}
	}
	return broken
}

// hasHeading reports whether a Markdown file has a heading from which GitHub derives the
// fragment.
func hasHeading(t *testing.T, document, fragment string) bool {
	t.Helper()
	return slices.ContainsFunc(proseLines(t, document), func(line string) bool {
		title := strings.TrimLeft(line, "#")
		if title == line {
			return false
		}
		title = notInFragment.ReplaceAllString(strings.ToLower(strings.TrimSpace(title)), "")
		return strings.ReplaceAll(title, " ", "-") == fragment
	})
}

// proseLines returns the lines outside fenced code blocks.
func proseLines(t *testing.T, document string) (lines []string) {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	fenced := false
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		} else if !fenced {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return lines
}
