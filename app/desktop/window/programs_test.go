package window

import (
	"image"
	"os"
	"strings"
	"testing"
	"time"
)

// thorough is set by make torture, which also runs slow tests.
var thorough = os.Getenv("VMTERMINAL_TORTURE") != ""

// programs are full-screen programs with the keys to press in them. Keys have xdotool's
// names; a step that begins with "type " types the rest, and "picture" saves a picture.
var programs = []struct {
	name, command string
	steps         []string
}{
	{"colors", `printf '\033[1mbold\033[m \033[2mdim\033[m \033[3mitalic\033[m \033[4munderline\033[m \033[7minverse\033[m \033[9mstrike\033[m \033[1;3;4mall\033[m\r\n'
for b in 4 10; do for i in 0 1 2 3 4 5 6 7; do printf '\033[%d%dm  %d%d  ' $b $i $b $i; done; printf '\033[m\r\n'; done
for i in $(seq 0 7); do printf '\033[3%dm color \033[9%dm bright ' $i $i; done; printf '\033[m\r\n'
for i in $(seq 16 231); do printf '\033[48;5;%dm ' $i; done; printf '\033[m\r\n'
for i in $(seq 0 4 255); do printf '\033[48;2;%d;%d;128m ' $i $((255-i)); done; printf '\033[m\r\n'
echo '┌─┬─┐ ╔═╦═╗ ╭──╮ ┏━┳━┓ █▓▒░ ▁▂▃▄▅▆▇█ ▏▎▍▌▋▊▉█'
echo '│ │ │ ║ ║ ║ │  │ ┃ ┃ ┃ ▀▄▌▐ ▖▗▘▙▚▛▜▝▞▟'
echo '├─┼─┤ ╠═╬═╣ │  │ ┣━╋━┫'
echo '│ │ │ ║ ║ ║ │  │ ┃ ┃ ┃ ╱╲╳ ┄┅┆┇┈┉┊┋ ╌╍╎╏'
echo '└─┴─┘ ╚═╩═╝ ╰──╯ ┗━┻━┛'
echo '界世中文 |wide |日本語|한국어| 🙂🚀|emoji'
echo '12345678 |wide |123456|123456| 1234|emoji'
printf 'e\314\201 a\314\210 combined\r\n\033[4 q'; sleep 100`, nil},
	{"less", "less /etc/services", []string{"space", "type /domain", "Return"}},
	{"vim", "vim -u NONE -N -c 'syntax on' -c 'set number hlsearch' /etc/profile", []string{"type /if", "Return", "type v"}},
	{"htop", "htop", nil},
	{"mc", "mc -a /etc /usr; true", []string{"Down", "Down", "F9"}},
	{"mc-lines", "mc /etc /usr; true", nil},
	{"tmux", "tmux -f /dev/null -L vmterminal-test new 'ls --color=always -la /; exec sh'", []string{"ctrl+b", "type %", "ctrl+b", "type \""}},
	{"vttest-cursor", vttest, []string{
		"type 1", "Return", "picture", "Return", "picture", "Return", "picture", "Return", "picture", "Return", "picture", "Return", "picture",
	}},
	{"vttest-screen", vttest, []string{
		"type 2", "Return", "picture", "Return", "picture", "Return", "Return", "picture", "Return", "Return", "picture", "Return",
		"Return", "picture", "Return", "Return", "picture", "Return", "picture", "Return", "picture", "Return", "picture",
	}},
	{"vttest-sets", vttest, []string{"type 3", "Return", "type 8", "Return"}},
}

// vttest is the command with its size option; vttest assumes at most 80 columns.
const vttest = "vttest 24x80.80"

// TestProgramsInTheTerminal saves pictures of third-party programs in a real window for
// review.
func TestProgramsInTheTerminal(t *testing.T) {
	if !thorough {
		t.Skip("make torture makes these pictures")
	}
	for _, p := range programs {
		for _, look := range []string{"dark", "light"} {
			if look == "light" && p.name != "colors" && p.name != "htop" && p.name != "mc" {
				continue
			}
			t.Run(p.name+"-"+look, func(t *testing.T) {
				t.Parallel()
				d := newRealDisplay(t)
				size := ""
				if p.command == vttest {
					size = "80x24"
				}
				d.open(p.command, "FYNE_THEME="+look, cellsEnv+"="+size)
				d.awaitText()
				for _, step := range p.steps {
					d.runStep(step)
				}
				d.savePicture()
			})
		}
	}
}

// runStep presses a key, types text or saves a picture.
func (d *realDisplay) runStep(what string) {
	d.t.Helper()
	d.settled()
	text, typed := strings.CutPrefix(what, "type ")
	switch {
	case typed:
		d.xdotool("type", "--delay", "30", text)
	case what == "picture":
		d.savePicture()
	default:
		d.xdotool("key", what)
	}
}

// awaitText waits until the window shows text.
func (d *realDisplay) awaitText() {
	d.t.Helper()
	for end := time.Now().Add(time.Minute); ; {
		if colors(d.settled()) > 8 { // antialiased text has many colors
			return
		}
		if time.Now().After(end) {
			d.t.Fatal("no text in the window")
		}
	}
}

func colors(m *image.RGBA) int {
	seen := map[[3]byte]bool{}
	for i := 0; i < len(m.Pix); i += 4 {
		seen[[3]byte(m.Pix[i:i+3])] = true
	}
	return len(seen)
}
