// Package config reads and changes config.yaml, which contains the defaults for new VMs.
// Changes preserve the file's comments and other lines.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"vmterminal/snapshot/durable"
)

var (
	// ErrUnknownSetting is wrapped by errors about keys that do not exist.
	ErrUnknownSetting = errors.New("not a setting")
	// ErrFile is wrapped by all errors about unusable contents of config.yaml.
	ErrFile = errors.New("the settings file is invalid")
)

// maxFileSize is the maximum size of config.yaml in bytes.
const maxFileSize = 64 << 10

// lineError is an error in a line of config.yaml.
type lineError struct {
	path string
	line int
	err  error
}

func (w *lineError) Error() string   { return fmt.Sprintf("%s, line %d: %v", w.path, w.line, w.err) }
func (w *lineError) Unwrap() []error { return []error{ErrFile, w.err} }

// File holds the contents of config.yaml: a YAML mapping of scalar values. Changes preserve the
// other lines and their comments.
type File struct {
	path   string
	text   []byte
	doc    yaml.Node // zero if the file contains only comments
	values defaults
}

// Read reads and checks the file. A missing file is valid. If a line is invalid, the error
// wraps ErrFile and names the line.
func Read(path string) (*File, error) {
	c := &File{path: path, values: builtInDefaults()}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return c, durable.CheckLink(path)
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || info.Size() > maxFileSize:
		return nil, fmt.Errorf("%s: %w: it must be a file of at most %d KiB", path, ErrFile, maxFileSize>>10)
	}
	if c.text, err = os.ReadFile(path); err != nil {
		return nil, err
	}
	if err := c.parse(); err != nil {
		return nil, err
	}
	return c, c.validate()
}

func (c *File) lineErrorf(line int, format string, args ...any) error {
	return &lineError{c.path, line, fmt.Errorf(format, args...)}
}

func (c *File) parse() error {
	for n, line := range strings.Split(string(c.text), "\n") {
		if !utf8.ValidString(line) || strings.ContainsFunc(line, func(r rune) bool { return unicode.IsControl(r) && r != '\t' && r != '\r' }) {
			return c.lineErrorf(n+1, "it is not valid text")
		}
	}
	dec := yaml.NewDecoder(bytes.NewReader(c.text))
	err := dec.Decode(&c.doc)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err == nil {
		var more yaml.Node
		if err = dec.Decode(&more); errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			return c.lineErrorf(more.Line, "only one YAML document is allowed")
		}
	}
	return c.syntaxError(err)
}

var yamlLinePattern = regexp.MustCompile(`^yaml: line (\d+): `)

// syntaxError converts an error of the YAML parser to a lineError.
func (c *File) syntaxError(err error) error {
	message, line := err.Error(), 1
	if m := yamlLinePattern.FindStringSubmatch(message); m != nil {
		line, _ = strconv.Atoi(m[1]) // the expression matches digits
		message = message[len(m[0]):]
	}
	return c.lineErrorf(line, "%s", strings.TrimPrefix(message, "yaml: "))
}

// nodes returns the nodes of the mapping: alternating keys and values.
func (c *File) nodes() []*yaml.Node {
	if c.doc.Kind == 0 || c.doc.Content[0].Kind != yaml.MappingNode {
		return nil
	}
	return c.doc.Content[0].Content
}

// validate validates and stores the values. The error names the invalid line.
func (c *File) validate() error {
	if c.doc.Kind != 0 && c.doc.Content[0].Kind != yaml.MappingNode {
		return c.lineErrorf(c.doc.Content[0].Line, "the file must consist of lines like 'cpus: 2'")
	}
	seen := map[string]bool{}
	for at := range len(c.nodes()) / 2 {
		key, value := c.nodes()[2*at], c.nodes()[2*at+1]
		switch {
		case value.Kind != yaml.ScalarNode || value.Tag == "!!null":
			return c.lineErrorf(key.Line, "%.100q needs a single value", key.Value)
		case seen[key.Value]:
			return c.lineErrorf(key.Line, "%.100q is set twice", key.Value)
		}
		seen[key.Value] = true
		changed, err := c.values.withValue(key.Value, value.Value)
		if err != nil {
			return c.lineErrorf(key.Line, "%w", err)
		}
		c.values = changed
	}
	return nil
}

// findKey returns the index of a key in nodes, or -1.
func (c *File) findKey(key string) int {
	for at := 0; at < len(c.nodes()); at += 2 {
		if c.nodes()[at].Value == key {
			return at
		}
	}
	return -1
}

// Settings returns all settings.
func (c *File) Settings() []Setting {
	var all []Setting
	standard := builtInDefaults()
	for _, s := range settings {
		all = append(all, Setting{
			Key: s.key, About: s.about,
			Value: s.format(c.values), BuiltIn: s.format(standard), Set: c.findKey(s.key) >= 0,
		})
	}
	return all
}

// Set changes a setting in memory. It changes nothing if the key or value is invalid.
func (c *File) Set(key, value string) error {
	changed, err := c.values.withValue(key, value)
	if err != nil {
		return err
	}
	c.values = changed
	s, err := findSetting(key)
	if err != nil {
		return err
	}
	value = s.format(changed)
	at := c.findKey(key)
	switch {
	case at >= 0:
		node := c.nodes()[at+1]
		node.Tag, node.Value, node.Style = "", value, 0
	case c.doc.Kind == 0:
		c.text = append(bytes.TrimRight(c.text, "\n"), '\n')
		c.text = append(bytes.TrimLeft(c.text, "\n"), key+": "+value+"\n"...)
		return nil
	default:
		mapping := c.doc.Content[0]
		mapping.Content = append(mapping.Content, scalarNode(key), scalarNode(value))
	}
	return c.encode()
}

func scalarNode(text string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: text} }

// Unset removes the line of a setting in memory, if it exists.
func (c *File) Unset(key string) error {
	at := c.findKey(key)
	if at < 0 {
		return nil
	}
	mapping := c.doc.Content[0]
	if foot := mapping.Content[at].FootComment; at > 0 && foot != "" { // keep a comment below the line
		before := mapping.Content[at-2]
		before.FootComment = strings.TrimPrefix(before.FootComment+"\n\n"+foot, "\n\n")
	}
	mapping.Content = append(mapping.Content[:at:at], mapping.Content[at+2:]...)
	return c.encode()
}

func (c *File) encode() error {
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(&c.doc), enc.Close()); err != nil {
		return err
	}
	c.text = out.Bytes()
	return nil
}

// Save replaces the file durably and preserves a symbolic link. The caller must hold the lock
// of the store.
func (c *File) Save() error {
	path := c.path
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if err := durable.SweepTempsOf(path); err != nil {
		return err
	}
	return durable.Replace(path, func(w io.Writer) error {
		_, err := w.Write(c.text)
		return err
	})
}
