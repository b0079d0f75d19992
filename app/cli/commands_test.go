package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"vmterminal/app"
)

// everyCommand calls look for all commands that people see.
func everyCommand(t *testing.T, look func(*testing.T, *cobra.Command)) {
	t.Helper()
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		if cmd.Hidden {
			return
		}
		t.Run(strings.ReplaceAll(cmd.CommandPath(), " ", "-"), func(t *testing.T) { look(t, cmd) })
		for _, c := range cmd.Commands() {
			walk(c)
		}
	}
	walk(Commands(app.New(app.Options{})))
}

func TestCommandsSayWhatTheyAre(t *testing.T) {
	everyCommand(t, func(t *testing.T, cmd *cobra.Command) {
		if cmd.Short == "" || len(cmd.Short) > 90 || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("its short description is %q", cmd.Short)
		}
		if cmd.Example == "" {
			t.Error("it has no example")
		}
		if !cmd.HasSubCommands() && cmd.RunE == nil {
			t.Error("it does nothing, or its errors are lost")
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" || strings.HasSuffix(f.Usage, ".") {
				t.Errorf("--%s is described as %q", f.Name, f.Usage)
			}
		})
	})
}

// What an example shows can be typed.
func TestExamplesAreRight(t *testing.T) {
	everyCommand(t, func(t *testing.T, cmd *cobra.Command) {
		speaksOfItself := cmd.HasSubCommands()
		for line := range strings.Lines(cmd.Example) {
			words := shellWords(line)
			at := slices.Index(words, "vmterminal")
			if at < 0 {
				continue
			}
			meant, rest, err := cmd.Root().Find(words[at+1:])
			if err != nil {
				t.Errorf("%q: %v", line, err)
				continue
			}
			speaksOfItself = speaksOfItself || meant == cmd
			if err := meant.ParseFlags(rest); err != nil {
				t.Errorf("%q: %v", line, err)
			}
			if err := meant.ValidateArgs(meant.Flags().Args()); err != nil {
				t.Errorf("%q: %v", line, err)
			}
			if !strings.HasPrefix(line, "  ") {
				t.Errorf("%q is not set in", line)
			}
		}
		if !speaksOfItself {
			t.Error("none of its examples is of the command itself")
		}
	})
}

// shellWords splits a line of an example as a shell does: up to a comment, a
// pipe or a redirection, with quoted parts as they are.
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
			t.Errorf("its help is\n%s", out.String())
		}
	})
}
