package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf16"

	"vmterminal/app"
)

// schema is the version of the JSON format.
const schema = 1

// printer writes the output of one command: results to standard output, everything
// else to standard error.
type printer struct {
	io   Streams
	json bool // --json

	wroteResult bool          // the JSON result or error has been written
	showedJob   bool          // a job has been shown, so each line of JSON needs a type
	writeErr    error         // first error from writing to standard output
	buffer      *bytes.Buffer // collects the text of a result for one write; nil outside of writeResult
}

// writeResult writes a command's result in one write: v as JSON with --json, or else the text
// that print prints.
func (p *printer) writeResult(v any, print func()) error {
	if !p.json {
		p.buffer = new(bytes.Buffer)
		print()
		p.flush()
		p.buffer = nil
		return markCompleted(p.writeErr)
	}
	return markCompleted(p.writeJSON(v))
}

func (p *printer) writeJSON(v any) error {
	p.wroteResult = true
	return p.writeLine("result", v)
}

// writeLine writes an object as one line. If a job has been shown, it adds kind as "type" to
// distinguish results from progress.
func (p *printer) writeLine(kind string, v any) error {
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	out := escapeInvisible(line.Bytes())
	if p.showedJob {
		out = append([]byte(`{"type":"`+kind+`",`), out[1:]...)
	}
	_, err := p.stdout().Write(out)
	return err
}

// escapeInvisible replaces control characters, and characters that reorder or hide text, with
// equivalent JSON escapes.
func escapeInvisible(text []byte) []byte {
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

// printf prints text of a result to standard output, sanitized for terminals.
func (p *printer) printf(format string, args ...any) {
	p.writeText(sanitizeLines(fmt.Sprintf(withProgramName(format), args...)))
}

// writeText prints text that is already sanitized.
func (p *printer) writeText(text string) {
	if p.buffer != nil {
		p.buffer.WriteString(text)
	} else if _, err := io.WriteString(p.stdout(), text); err != nil {
		p.writeErr = err
	}
}

// stdout returns standard output. Write errors have the type *outputError, so that a full
// device is not mistaken for a full store.
func (p *printer) stdout() io.Writer { return outputWriter{p.io.Out} }

// stderr returns standard error. Write errors have the type *outputError, too.
func (p *printer) stderr() io.Writer { return outputWriter{p.io.Err} }

type outputWriter struct{ to io.Writer }

func (w outputWriter) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	if err != nil {
		err = &outputError{cause: err}
	}
	return n, err
}

// helpOutput is standard output for text that Cobra itself prints, such as help. Cobra ignores
// write errors, so helpOutput records them in printer.writeErr.
type helpOutput struct{ p *printer }

func (h helpOutput) Write(b []byte) (int, error) {
	n, err := h.p.stdout().Write(b)
	if err != nil {
		h.p.writeErr = err
	}
	return n, err
}

// flush writes the collected text, so that it precedes later text on standard error.
func (p *printer) flush() {
	if p.buffer == nil || p.buffer.Len() == 0 {
		return
	}
	if _, err := p.buffer.WriteTo(p.stdout()); err != nil {
		p.writeErr = err
	}
}

// infof prints a line about the command's progress to standard error.
func (p *printer) infof(format string, args ...any) {
	p.flush()
	fmt.Fprintln(p.io.Err, app.Plain(fmt.Sprintf(withProgramName(format), args...)))
}
