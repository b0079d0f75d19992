package app

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

	"vmterminal/app/ondisk"
)

var (
	errUnknownKey = errors.New("no setting")
	// errConfigFile is every reason why config.yaml cannot be used.
	errConfigFile = errors.New("the file of defaults cannot be used")
)

// maxConfig is the longest config.yaml that is read, in bytes.
const maxConfig = 64 << 10

// wrongLine is a line of config.yaml that is not understood.
type wrongLine struct {
	path string
	line int
	err  error
}

func (w *wrongLine) Error() string { return fmt.Sprintf("%s, line %d: %v", w.path, w.line, w.err) }
func (w *wrongLine) Unwrap() error { return errConfigFile }

// configFile is config.yaml: one mapping of plain values. What is changed in it
// leaves other lines, and their comments, as they are.
type configFile struct {
	path   string
	text   []byte
	doc    yaml.Node // zero when there is nothing but comments
	values defaults
}

// readConfig reads and checks the file; one that is not there says nothing. The
// error is errConfigFile, with the line, or of reading.
func readConfig(path string) (*configFile, error) {
	c := &configFile{path: path, values: builtIn("")}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return c, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || info.Size() > maxConfig:
		return nil, fmt.Errorf("%s: %w: it is no file of at most %d KB", path, errConfigFile, maxConfig>>10)
	}
	if c.text, err = os.ReadFile(path); err != nil {
		return nil, err
	}
	if err := c.parse(); err != nil {
		return nil, err
	}
	return c, c.check()
}

func (c *configFile) wrong(line int, format string, args ...any) error {
	return &wrongLine{c.path, line, fmt.Errorf(format, args...)}
}

func (c *configFile) parse() error {
	for n, line := range strings.Split(string(c.text), "\n") {
		if !utf8.ValidString(line) || strings.ContainsFunc(line, func(r rune) bool { return unicode.IsControl(r) && r != '\t' && r != '\r' }) {
			return c.wrong(n+1, "it is no text")
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
			return c.wrong(more.Line, "only one document can be used")
		}
	}
	return c.complaint(err)
}

var lineOfYAML = regexp.MustCompile(`^yaml: line (\d+): `)

// complaint is the YAML reader's error with its line.
func (c *configFile) complaint(err error) error {
	said, line := err.Error(), 1
	if m := lineOfYAML.FindStringSubmatch(said); m != nil {
		line, _ = strconv.Atoi(m[1]) // digits
		said = said[len(m[0]):]
	}
	return c.wrong(line, "%s", strings.TrimPrefix(said, "yaml: "))
}

// pairs are the nodes of the mapping, by turns keys and values.
func (c *configFile) pairs() []*yaml.Node {
	if c.doc.Kind == 0 || c.doc.Content[0].Kind != yaml.MappingNode {
		return nil
	}
	return c.doc.Content[0].Content
}

// check fills in the values, and says which line is wrong.
func (c *configFile) check() error {
	if c.doc.Kind != 0 && c.doc.Content[0].Kind != yaml.MappingNode {
		return c.wrong(c.doc.Content[0].Line, "it must be lines like 'cpus: 2'")
	}
	seen := map[string]bool{}
	for at := range len(c.pairs()) / 2 {
		key, value := c.pairs()[2*at], c.pairs()[2*at+1]
		switch {
		case value.Kind != yaml.ScalarNode || value.Tag == "!!null":
			return c.wrong(key.Line, "%.100q needs one plain value", key.Value)
		case seen[key.Value]:
			return c.wrong(key.Line, "%.100q is there twice", key.Value)
		}
		seen[key.Value] = true
		changed, err := c.values.with(key.Value, value.Value)
		if err != nil {
			return c.wrong(key.Line, "%w", err)
		}
		c.values = changed
	}
	return nil
}

// find returns the place of a key among pairs, or -1.
func (c *configFile) find(key string) int {
	for at := 0; at < len(c.pairs()); at += 2 {
		if c.pairs()[at].Value == key {
			return at
		}
	}
	return -1
}

func (c *configFile) settings() []Setting {
	var all []Setting
	standard := builtIn("")
	for _, s := range settings {
		all = append(all, Setting{
			Key: s.key, About: s.about,
			Value: s.write(c.values), BuiltIn: s.write(standard), Set: c.find(s.key) >= 0,
		})
	}
	return all
}

// set changes a value, or adds it at the end; one that is not right is not set.
func (c *configFile) set(key, value string) error {
	changed, err := c.values.with(key, value)
	if err != nil {
		return err
	}
	c.values = changed
	s, err := settingOf(key)
	if err != nil {
		return err
	}
	value = s.write(changed)
	at := c.find(key)
	switch {
	case at >= 0:
		node := c.pairs()[at+1]
		node.Tag, node.Value, node.Style = "", value, 0
	case c.doc.Kind == 0:
		c.text = append(bytes.TrimRight(c.text, "\n"), '\n')
		c.text = append(bytes.TrimLeft(c.text, "\n"), key+": "+value+"\n"...)
		return nil
	default:
		mapping := c.doc.Content[0]
		mapping.Content = append(mapping.Content, scalar(key), scalar(value))
	}
	return c.encode()
}

func scalar(text string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: text} }

// unset takes a line out; one that is not there is no error.
func (c *configFile) unset(key string) error {
	at := c.find(key)
	if at < 0 {
		return nil
	}
	mapping := c.doc.Content[0]
	if foot := mapping.Content[at].FootComment; at > 0 && foot != "" { // a remark below it is not about it
		before := mapping.Content[at-2]
		before.FootComment = strings.TrimPrefix(before.FootComment+"\n\n"+foot, "\n\n")
	}
	mapping.Content = append(mapping.Content[:at:at], mapping.Content[at+2:]...)
	return c.encode()
}

func (c *configFile) encode() error {
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(&c.doc), enc.Close()); err != nil {
		return err
	}
	c.text = out.Bytes()
	return nil
}

// save replaces the file durably; a symbolic link stays one. The caller holds
// the lock of the store.
func (c *configFile) save() error {
	path := c.path
	if to, err := filepath.EvalSymlinks(path); err == nil {
		path = to
	}
	if err := ondisk.SweepTempsOf(path); err != nil {
		return err
	}
	return ondisk.Replace(path, func(w io.Writer) error {
		_, err := w.Write(c.text)
		return err
	})
}
