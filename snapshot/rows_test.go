package snapshot

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestRowKeepsEveryField fails if the conversion of an Info to a row and back loses a
// field. Only the fields that describe the file itself are not stored.
func TestRowKeepsEveryField(t *testing.T) {
	fromFile := map[string]bool{"Frees": true, "State": true, "Problem": true, "DamageFoundAt": true}
	var want Info
	fields := reflect.ValueOf(&want).Elem()
	for i := range fields.NumField() {
		if fromFile[fields.Type().Field(i).Name] {
			continue
		}
		switch field := fields.Field(i); v := field.Interface().(type) {
		case time.Time:
			field.Set(reflect.ValueOf(time.Unix(int64(i+1), 0).UTC()))
		case time.Duration:
			field.SetInt(int64(time.Duration(i+1) * time.Millisecond))
		case int64:
			field.SetInt(int64(i + 1))
		case bool:
			field.SetBool(true)
		case Purpose:
			field.Set(reflect.ValueOf(Purpose{Code: "code", Value: "value"}))
		case string, Taken:
			field.SetString("value-" + fields.Type().Field(i).Name)
		default:
			t.Fatalf("%s is a %T, which this test cannot set", fields.Type().Field(i).Name, v)
		}
	}
	if got := rowFromInfo(want).info(); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// Damage found by an earlier version is a sentence, which is read and kept.
func TestDamageOfEarlierVersion(t *testing.T) {
	ctx := context.Background()
	dir := vmDir(t, content(1, 3*mib))
	create(t, dir, "a")
	const text = "found on 2026-11-24: damaged: chunk 3 (at 3 MiB): torn"
	rows := strings.Replace(string(readFile(t, dir.Rows)), `"digest"`, `"damage": "`+text+`", "digest"`, 1)
	writeFile(t, dir.Rows, []byte(rows))
	for _, act := range []func() error{
		func() error { return nil },
		func() error { return Open(dir).Pin(ctx, "a", true) },
	} {
		if err := act(); err != nil {
			t.Fatal(err)
		}
		i := get(t, dir, "a")
		if i.State != StateDamaged || !errors.Is(i.Problem, ErrDamaged) || i.Problem.Error() != text || !i.DamageFoundAt.IsZero() {
			t.Errorf("got %+v, want damage with the text %q", i, text)
		}
	}
	if _, err := Open(dir).Verify(ctx, "a", false, nil); err != nil {
		t.Fatal(err)
	}
	if i := get(t, dir, "a"); i.State != StateOK || i.Problem != nil {
		t.Errorf("after verifying: got %+v, want an intact snapshot", i)
	}
}
