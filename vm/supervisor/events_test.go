package supervisor

import (
	"reflect"
	"testing"
	"time"

	"vmterminal/vm/supervisor/client"
)

// TestEveryStateChangeIsAnEvent changes each field of State separately, so that it covers
// new fields.
func TestEveryStateChangeIsAnEvent(t *testing.T) {
	fields := reflect.TypeFor[client.State]()
	for i := range fields.NumField() {
		name := fields.Field(i).Name
		b := newStateBroadcaster(client.State{Version: apiVersion, Name: "dev", State: client.Running})
		events, end := b.subscribe()
		<-events // the current state
		b.update(client.EventState, func(s *client.State) { changeValue(t, name, reflect.ValueOf(s).Elem().Field(i)) })
		got, want := len(events), 1
		if name == "Addresses" {
			want = 0 // clients poll them
		}
		if got != want {
			t.Errorf("a change of %s: got %d events, want %d", name, got, want)
		}
		b.update(client.EventState, func(*client.State) {})
		if len(events) != got {
			t.Errorf("update without a change after %s: got %d events, want none", name, len(events)-got)
		}
		end()
	}
}

// changeValue sets v to a different value.
func changeValue(t *testing.T, name string, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 1)
	case reflect.Uint, reflect.Uint64:
		v.SetUint(v.Uint() + 1)
	case reflect.Float64:
		v.SetFloat(v.Float() + 1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(1, 0)))
			return
		}
		changeValue(t, name, v.Field(0))
	default:
		t.Fatalf("%s: unsupported kind %s", name, v.Kind())
	}
}
