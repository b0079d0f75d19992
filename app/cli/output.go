package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"

	"github.com/spf13/cobra"

	"vmterminal/app"
)

// schema is the version of what --json writes.
const schema = 1

// data writes a command's result: as JSON, or as text by print.
func (f *face) data(v any, print func()) error {
	if !f.json {
		f.page = new(bytes.Buffer)
		print()
		f.flush()
		f.page = nil
		return f.lost
	}
	return f.writeJSON(v)
}

func (f *face) writeJSON(v any) error {
	f.answered = true
	return f.writeLine("result", v)
}

// writeLine writes an object as one line; after a job it says what it is, to tell
// it from the lines about the job's progress.
func (f *face) writeLine(kind string, v any) error {
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	out := escapeUnseen(line.Bytes())
	if f.followed {
		out = append([]byte(`{"type":"`+kind+`",`), out[1:]...)
	}
	_, err := f.io.Out.Write(out)
	return err
}

// escapeUnseen writes characters of JSON that could work on a terminal, or that
// reorder or hide text, as \u escapes, which mean the same.
func escapeUnseen(text []byte) []byte {
	var out bytes.Buffer
	for _, r := range string(text) {
		if r == '\n' || app.Plain(string(r)) == string(r) {
			out.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&out, `\u%04x`, unit)
		}
	}
	return out.Bytes()
}

// printf writes data to standard output. Whatever is in it, it is harmless there.
func (f *face) printf(format string, args ...any) {
	f.write(plainLines(fmt.Sprintf(format, args...)))
}

// write writes what is harmless already.
func (f *face) write(text string) {
	if f.page != nil {
		f.page.WriteString(text)
	} else if _, err := io.WriteString(f.io.Out, text); err != nil {
		f.lost = err
	}
}

// flush writes what is gathered, so that what follows it elsewhere comes after.
func (f *face) flush() {
	if f.page == nil || f.page.Len() == 0 {
		return
	}
	if _, err := f.page.WriteTo(f.io.Out); err != nil {
		f.lost = err
	}
}

// say writes a line about what happens to standard error.
func (f *face) say(format string, args ...any) {
	f.flush()
	fmt.Fprintln(f.io.Err, app.Plain(fmt.Sprintf(format, args...)))
}

// fail says what went wrong, in one line, and returns the exit code.
func (f *face) fail(err error) int {
	if err == nil {
		return app.ExitOK
	}
	var exit guestExit
	if errors.As(err, &exit) {
		return int(exit)
	}
	p := explain(err)
	if f.json && !f.answered {
		_ = f.writeLine("error", struct {
			Schema int        `json:"schema"`
			Error  *errorJSON `json:"error"`
		}{schema, asJSON(p)})
	}
	fmt.Fprintln(f.io.Err, tint(f.io.Err, red, "vmterminal:")+" "+p.Line())
	return p.Exit
}

type errorJSON struct {
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Disk   string `json:"disk,omitempty"`
	Hint   string `json:"hint,omitempty"`
	Exit   int    `json:"exit_code"`
}

func asJSON(p app.Problem) *errorJSON { return &errorJSON{p.Title, p.Detail, p.Disk, p.Hint, p.Exit} }

// failureJSON is the error of a command that did part of its work; nil if err is.
func failureJSON(err error) *errorJSON {
	if err == nil {
		return nil
	}
	return asJSON(explain(err))
}

// explain adds to app.Explain what only a command line can get wrong.
func explain(err error) app.Problem {
	var usage usageError
	switch {
	case errors.As(err, &usage):
		return app.Problem{
			Title: "Wrong usage", Detail: strings.ReplaceAll(usage.Error(), "\n", " "), Exit: app.ExitUsage,
			Hint: fmt.Sprintf("See: %s --help", usage.cmd.CommandPath()),
		}
	case errors.Is(err, context.Canceled):
		p := app.Explain(err)
		p.Exit = app.ExitInterrupted
		return p
	default:
		return app.Explain(err)
	}
}

// usagef is a usage error in the program's own words.
func usagef(cmd *cobra.Command, format string, args ...any) error {
	return usageError{cmd, fmt.Errorf(format, args...)}
}

// counted writes a number of things, of which one is called that.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// megabytes writes a size as the lists do.
func megabytes(bytes int64) string { return fmt.Sprintf("%.2f MB", float64(bytes)/(1<<20)) }

// guestExit is a guest command's own exit code, which becomes ours.
type guestExit int

func (g guestExit) Error() string { return fmt.Sprintf("the guest's command ended with %d", int(g)) }
