package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"vmterminal/app"
)

// everyCommand calls check for every visible command, in a subtest.
func everyCommand(t *testing.T, check func(*testing.T, *cobra.Command)) {
	t.Helper()
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		if cmd.Hidden {
			return
		}
		t.Run(strings.ReplaceAll(cmd.CommandPath(), " ", "-"), func(t *testing.T) { check(t, cmd) })
		for _, c := range cmd.Commands() {
			walk(c)
		}
	}
	walk(Commands(app.New(app.Options{})))
}

func TestCommandDescriptions(t *testing.T) {
	everyCommand(t, func(t *testing.T, cmd *cobra.Command) {
		if cmd.Short == "" || len(cmd.Short) > 60 || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("Short is %q, want 1 to 60 characters without a final period", cmd.Short)
		}
		if cmd.Example == "" {
			t.Error("no example")
		}
		if !cmd.HasSubCommands() && cmd.RunE == nil {
			t.Error("RunE is missing")
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" || strings.HasSuffix(f.Usage, ".") {
				t.Errorf("--%s: help is %q, want text without a final period", f.Name, f.Usage)
			}
		})
	})
}

// TestExamples parses the command lines in the examples.
func TestExamples(t *testing.T) {
	everyCommand(t, func(t *testing.T, cmd *cobra.Command) {
		hasOwnExample := cmd.HasSubCommands()
		for line := range strings.Lines(cmd.Example) {
			words := shellWords(line)
			at := slices.Index(words, "vmterminal")
			if at < 0 {
				continue
			}
			found, rest, err := cmd.Root().Find(words[at+1:])
			if err != nil {
				t.Errorf("%q: %v", line, err)
				continue
			}
			hasOwnExample = hasOwnExample || found == cmd
			if err := found.ParseFlags(rest); err != nil {
				t.Errorf("%q: %v", line, err)
			}
			if err := found.ValidateArgs(found.Flags().Args()); err != nil {
				t.Errorf("%q: %v", line, err)
			}
			if !strings.HasPrefix(line, "  ") {
				t.Errorf("%q: got no indentation, want two spaces", line)
			}
		}
		if !hasOwnExample {
			t.Error("no example uses the command itself")
		}
	})
}

// shellWords splits a line of an example into words like a shell, up to a comment, pipe or
// redirection.
func shellWords(line string) (words []string) {
	word, quote, in := "", rune(0), false
	end := func() {
		if in {
			words = append(words, word)
		}
		word, in = "", false
	}
	for _, r := range strings.TrimSpace(line) {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word += string(r)
		case r == '\'' || r == '"':
			quote, in = r, true
		case r == ' ':
			end()
		case r == '#' && !in, r == '>', r == ')', r == '|' && slices.Contains(words, "vmterminal"):
			end()
			return words
		default:
			word, in = word+string(r), true
		}
	}
	end()
	for i, w := range words {
		words[i] = strings.TrimPrefix(w, "<(")
	}
	return words
}

func TestHelpHasExamplesFirst(t *testing.T) {
	everyCommand(t, func(t *testing.T, cmd *cobra.Command) {
		var out strings.Builder
		cmd.SetOut(&out)
		if err := cmd.Help(); err != nil {
			t.Fatal(err)
		}
		examples, usage := strings.Index(out.String(), "Examples:"), strings.Index(out.String(), "Usage:")
		if examples < 0 || usage < examples {
			t.Errorf("examples do not precede the usage:\n%s", out.String())
		}
	})
}
