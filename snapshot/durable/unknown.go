package durable

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// MarshalKeepingUnknown encodes v, a struct that was decoded from the JSON object in read. It adds
// the object's members that the type of v does not have, as they come from a newer version.
// It does the same in nested objects, and in list elements that are otherwise unchanged.
// Types that implement json.Marshaler are left alone.
func MarshalKeepingUnknown(v any, read []byte) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil || len(read) == 0 {
		return text, err
	}
	return addUnknown(reflect.TypeOf(v), text, read), nil
}

// UnknownMembers returns the members of the JSON object in read that the type of v, a
// struct, does not have. It returns them as an object, or "" if all members are known.
func UnknownMembers(v any, read []byte) string {
	fields := fieldsOf(reflect.TypeOf(v))
	unknown := slices.DeleteFunc(membersOf(read), func(m member) bool { return fields[strings.ToLower(m.name)] != nil })
	if len(unknown) == 0 {
		return ""
	}
	return string(encodeMembers(unknown))
}

// member is one member of a JSON object.
type member struct {
	name  string
	value json.RawMessage
}

// membersOf returns the members of an object in their order, or nil if it is not an object.
func membersOf(object []byte) (members []member) {
	dec := json.NewDecoder(bytes.NewReader(object))
	if expectDelim(dec, '{') != nil {
		return nil
	}
	for dec.More() {
		var m member
		name, err := dec.Token()
		if err != nil || dec.Decode(&m.value) != nil {
			return nil
		}
		m.name, _ = name.(string)
		members = append(members, m)
	}
	return members
}

func encodeMembers(members []member) []byte {
	texts := make([][]byte, len(members))
	for i, m := range members {
		texts[i] = append(append(mustMarshal(m.name), ':'), m.value...)
	}
	return encodeObject(texts...)
}

// fieldsOf returns the types of a struct's members by their names in lower case, as
// encoding/json matches them.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			fields[strings.ToLower(name)] = f.Type
		}
	}
	return fields
}

var marshaler = reflect.TypeFor[json.Marshaler]()

// addUnknown adds the unknown members of read to now, an encoded value of type t.
func addUnknown(t reflect.Type, now, read []byte) []byte {
	isStruct := t.Kind() == reflect.Struct
	switch {
	case isStruct && !t.Implements(marshaler):
		return addUnknownMembers(t, now, read)
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct && !t.Elem().Implements(marshaler):
		return addUnknownInList(t.Elem(), now, read)
	default:
		return now
	}
}

func addUnknownMembers(t reflect.Type, now, read []byte) []byte {
	members, fields := membersOf(now), fieldsOf(t)
	for _, was := range membersOf(read) {
		at := slices.IndexFunc(members, func(m member) bool { return strings.EqualFold(m.name, was.name) })
		field := fields[strings.ToLower(was.name)]
		switch {
		case field == nil && at < 0:
			members = append(members, was)
		case field == nil:
		case at >= 0:
			members[at].value = addUnknown(field, members[at].value, was.value)
		case field.Kind() == reflect.Struct: // left out, as it is the zero value
			if unknown := addUnknown(field, []byte("{}"), was.value); len(unknown) > len("{}") {
				members = append(members, member{was.name, unknown})
			}
		}
	}
	return encodeMembers(members)
}

// addUnknownInList does the same for a list with elements of type t. An old and a new
// element match if their known members are equal.
func addUnknownInList(t reflect.Type, now, read []byte) []byte {
	var list, was []json.RawMessage
	if json.Unmarshal(now, &list) != nil || json.Unmarshal(read, &was) != nil || list == nil {
		return now
	}
	for i, element := range list {
		for at, old := range was {
			known := reflect.New(t)
			if old == nil || json.Unmarshal(old, known.Interface()) != nil {
				continue
			}
			if text, err := json.Marshal(known.Interface()); err == nil && bytes.Equal(text, element) {
				list[i], was[at] = addUnknown(t, element, old), nil
				break
			}
		}
	}
	text, err := json.Marshal(list)
	if err != nil {
		return now
	}
	return text
}
