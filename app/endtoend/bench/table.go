package main

import (
	"fmt"
	"strings"
)

func markdown(results []result) string {
	var t strings.Builder
	t.WriteString("| from the command to the guest's shell, seconds |")
	for _, r := range results {
		fmt.Fprintf(&t, " %d MB | × plain |", r.mb)
	}
	t.WriteString("\n|---|" + strings.Repeat("---:|---:|", len(results)) + "\n")
	for _, row := range []struct {
		name string
		of   func(result) float64
	}{
		{"plain start", func(r result) float64 { return r.plain }},
		{"restore completely, then start", func(r result) float64 { return r.full }},
		{"**restore and start**", func(r result) float64 { return r.lazy }},
		{"clone completely, then start", func(r result) float64 { return r.clone }},
		{"**clone and start**", func(r result) float64 { return r.lazyClone }},
	} {
		fmt.Fprintf(&t, "| %s |", row.name)
		for _, r := range results {
			fmt.Fprintf(&t, " %.2f | %.2f |", row.of(r), row.of(r)/r.plain)
		}
		t.WriteString("\n")
	}
	t.WriteString("\n| filling in the disk |")
	for _, r := range results {
		fmt.Fprintf(&t, " %d MB |", r.mb)
	}
	t.WriteString("\n|---|" + strings.Repeat("---:|", len(results)) + "\n")
	for _, row := range []struct {
		name string
		of   func(result) string
	}{
		{"beside an idle guest", func(r result) string { return fmt.Sprintf("%.1f s", r.idle) }},
		{"beside a guest that writes random data", func(r result) string { return fmt.Sprintf("%.1f s", r.busy) }},
		{"CPU time of the supervisor, until the disk is complete", func(r result) string { return fmt.Sprintf("%.1f s", r.lazyCPU) }},
		{"CPU time of a complete restore", func(r result) string { return fmt.Sprintf("%.1f s", r.fullCPU) }},
		{"longest pause of the guest at the switch", func(r result) string { return fmt.Sprintf("%d ms", r.pause.Milliseconds()) }},
		{"largest memory of the supervisor", func(r result) string { return fmt.Sprintf("%d MiB", r.memory>>20) }},
	} {
		fmt.Fprintf(&t, "| %s |", row.name)
		for _, r := range results {
			fmt.Fprintf(&t, " %s |", row.of(r))
		}
		t.WriteString("\n")
	}
	return t.String()
}
