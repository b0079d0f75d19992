package endtoend

import (
	"bufio"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/godbus/dbus/v5"
)

// bus is a separate D-Bus with two services of a desktop: a tray and notifications.
type bus struct {
	t       *testing.T
	address string
	conn    *dbus.Conn

	mu            sync.Mutex
	item          dbus.Sender // the owner of the tray icon
	path          string
	notifications []string // each a title and a text
}

func newBus(t *testing.T) *bus {
	t.Helper()
	daemon := exec.Command("dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1")
	daemon.Env = baseEnv()
	out, err := daemon.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	startUntilTestEnds(t, daemon)
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("dbus-daemon printed no address: %v", err)
	}
	b := &bus{t: t, address: strings.TrimSpace(address)}
	if b.conn, err = dbus.Connect(b.address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.conn.Close() })
	b.serve("org.kde.StatusNotifierWatcher", "/StatusNotifierWatcher", map[string]any{
		"RegisterStatusNotifierItem": b.register,
	})
	b.serve("org.freedesktop.Notifications", "/org/freedesktop/Notifications", map[string]any{
		"Notify": b.notify,
	})
	return b
}

// serve exports methods on the bus at path. The bus name is also the name of their interface.
func (b *bus) serve(name string, path dbus.ObjectPath, methods map[string]any) {
	b.t.Helper()
	if err := b.conn.ExportMethodTable(methods, path, name); err != nil {
		b.t.Fatal(err)
	}
	reply, err := b.conn.RequestName(name, dbus.NameFlagDoNotQueue)
	if err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		b.t.Fatalf("claim %s on the bus: got reply %v, error %v", name, reply, err)
	}
}

func (b *bus) register(path string, from dbus.Sender) *dbus.Error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.path, b.item = path, from
	return nil
}

func (b *bus) notify(_ string, _ uint32, _, title, text string, _ []string, _ map[string]dbus.Variant, _ int32) (uint32, *dbus.Error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.notifications = append(b.notifications, title+"\n"+text)
	return uint32(len(b.notifications)), nil
}

// listNotifications returns the notifications so far.
func (b *bus) listNotifications() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.notifications)
}

// tray is the program's tray icon with its menu.
type tray struct {
	t    *testing.T
	menu dbus.BusObject
}

// tray waits until the program has registered its tray icon and returns it.
func (b *bus) tray() *tray {
	b.t.Helper()
	var owner, path string
	waitUntil(b.t, "the tray icon is registered", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		owner, path = string(b.item), b.path
		return owner != ""
	})
	item := b.conn.Object(owner, dbus.ObjectPath(path))
	menu, err := item.GetProperty("org.kde.StatusNotifierItem.Menu")
	if err != nil {
		b.t.Fatalf("get the tray icon's menu: %v", err)
	}
	return &tray{b.t, b.conn.Object(owner, menu.Value().(dbus.ObjectPath))}
}

// menuEntry is a menu item.
type menuEntry struct {
	ID         int32
	Properties map[string]dbus.Variant
	Children   []dbus.Variant
}

func (e menuEntry) label() string {
	text, _ := e.Properties["label"].Value().(string)
	return text
}

// entries returns the menu's items.
func (m *tray) entries() []menuEntry {
	m.t.Helper()
	var revision uint32
	var root menuEntry
	call := m.menu.Call("com.canonical.dbusmenu.GetLayout", 0, int32(0), int32(-1), []string{})
	if err := call.Store(&revision, &root); err != nil {
		m.t.Fatalf("read the tray's menu: %v", err)
	}
	list := make([]menuEntry, len(root.Children))
	for i, child := range root.Children {
		if err := child.Store(&list[i]); err != nil {
			m.t.Fatalf("read the tray's menu: %v", err)
		}
	}
	return list
}

func (m *tray) labels() []string {
	m.t.Helper()
	var labels []string
	for _, e := range m.entries() {
		if label := e.label(); label != "" {
			labels = append(labels, label)
		}
	}
	return labels
}

// choose waits for the item with the given label and clicks it.
func (m *tray) choose(label string) {
	m.t.Helper()
	var id int32
	waitUntil(m.t, "the menu has "+label, func() bool {
		list := m.entries()
		at := slices.IndexFunc(list, func(e menuEntry) bool { return e.label() == label })
		if at >= 0 {
			id = list[at].ID
		}
		return at >= 0
	})
	call := m.menu.Call("com.canonical.dbusmenu.Event", 0, id, "clicked", dbus.MakeVariant(""), uint32(0))
	if call.Err != nil {
		m.t.Fatalf("click %s: %v", label, call.Err)
	}
}
