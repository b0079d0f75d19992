package endtoend

import (
	"fmt"
	"testing"
	"time"
)

// TestShellTabsInTheWindow opens a shell beside the console, by keys, and works
// in both.
func TestShellTabsInTheWindow(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	s.do("vm", "create", "default", "--memory", "160", "--cpus", "1", "--disk-size", "512")
	s.do("run", "--detach")
	s.answering("default")
	d := newDisplay(t)
	p := d.open(s)
	d.awaitButton("the VM is on the window", primary, head)
	d.typed(s, "console")
	d.keep("console")

	// told types into the tab in front until a file in the guest says which
	// terminal that is, and how large.
	asked := 0
	told := func() (terminal, size string) {
		asked++
		file := fmt.Sprintf("/root/told-%d", asked)
		until(t, "the tab takes commands", func() bool {
			d.write("(tty; stty size) >" + file + ".new; mv " + file + ".new " + file)
			d.press("Return")
			return within(5*time.Second, func() bool { return s.try("exec", "--", "test", "-e", file).code == 0 })
		})
		return s.guest("default", "sed -n 1p "+file), s.guest("default", "sed -n 2p "+file)
	}
	serial, size := told()
	d.press("ctrl+shift+t")
	shell, shellSize := told()
	d.keep("shell")
	if serial == shell || serial == "" {
		t.Errorf("the console is on %q, the shell on %q", serial, shell)
	}
	if size != shellSize || size == "0 0\n" {
		t.Errorf("the console has %q cells, the shell %q", size, shellSize)
	}
	running := func() bool { return s.try("exec", "--", "sh", "-c", "grep -qx sleep /proc/[0-9]*/comm").code == 0 }
	d.write("sleep 5000")
	d.press("Return")
	until(t, "the program runs", running)
	d.press("ctrl+shift+w")
	d.awaitButton("the question before it ends with its shell", danger, sheet)
	d.keep("shell-busy")
	d.press("Escape")
	until(t, "the question is gone", func() bool { _, there := button(d.picture(), danger, sheet); return !there })
	if !running() {
		t.Error("the program ended before the question was answered")
	}
	d.press("ctrl+shift+w")
	d.push(d.awaitButton("the question again", danger, sheet))
	until(t, "the program ends with its shell", func() bool { return !running() })
	d.press("ctrl+shift+t")
	if again, _ := told(); again == serial {
		t.Errorf("the new shell is on the console, %q", again)
	}
	d.press("ctrl+Prior")
	if again, _ := told(); again != serial {
		t.Errorf("Ctrl+Page up went to %q, not to the console on %q", again, serial)
	}
	d.press("ctrl+Next")
	d.write("exit 3")
	d.press("Return")
	d.awaitButton("that the shell has ended", primary, console)
	d.keep("shell-ended")
	d.press("ctrl+shift+w")
	if again, _ := told(); again != serial {
		t.Errorf("Ctrl+Shift+W went to %q, not to the console on %q", again, serial)
	}
	p.close()
	p.ends()
}
