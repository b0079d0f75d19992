package snapshot

import (
	"reflect"
	"testing"
	"time"
)

// TestRowKeepsEveryField fails if the conversion of an Info to a row and back loses a
// field. Only the fields that describe the file itself are not stored.
func TestRowKeepsEveryField(t *testing.T) {
	fromFile := map[string]bool{"Frees": true, "State": true, "Problem": true}
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
