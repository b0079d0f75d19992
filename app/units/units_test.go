package units_test

import (
	"math"
	"testing"
	"time"

	"vmterminal/app/units"
)

func TestBytes(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 10<<10 - 60: "9.9 KiB", 10<<10 - 1: "10 KiB", 10 << 10: "10 KiB",
		1<<20 - 1: "1.0 MiB", 1536 << 10: "1.5 MiB", 66 << 20: "66 MiB", 1000 << 20: "1000 MiB",
		10 << 30: "10 GiB", 3 << 40: "3.0 TiB", 2 << 50: "2.0 PiB", math.MaxInt64: "8.0 EiB",
	} {
		if got := units.Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestRate(t *testing.T) {
	for rate, want := range map[float64]string{
		0: "", 0.5: "", 1 << 10: "0.0 MiB/s", 3 << 20: "3.0 MiB/s", 9.96 * (1 << 20): "10 MiB/s", 2 << 30: "2048 MiB/s",
	} {
		if got := units.Rate(rate); got != want {
			t.Errorf("Rate(%v) = %q, want %q", rate, got, want)
		}
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 0: "0 s", time.Microsecond: "0 s", 20 * time.Millisecond: "20 ms", 999_600 * time.Microsecond: "1 s",
		1500 * time.Millisecond: "1.5 s", 1149 * time.Millisecond: "1.1 s", 3 * time.Second: "3 s", 9960 * time.Millisecond: "10 s",
		42300 * time.Millisecond: "42 s", 59600 * time.Millisecond: "1 min", 2 * time.Minute: "2 min", 125 * time.Second: "2 min 5 s",
		time.Hour - time.Millisecond: "1 h", time.Hour: "1 h", 65 * time.Minute: "1 h 5 min", 24*time.Hour - time.Second: "1 d",
		76 * time.Hour: "3 d 4 h", 400 * 24 * time.Hour: "400 d",
	} {
		if got := units.Duration(d); got != want {
			t.Errorf("Duration(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestRemaining(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", 1: "1 s", 58*time.Second + 1: "59 s", 59*time.Second + 1: "1 min", 727 * time.Second: "12 min 7 s", 3723 * time.Second: "1 h 2 min",
	} {
		if got := units.Remaining(d); got != want {
			t.Errorf("Remaining(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestParseMiB(t *testing.T) {
	for text, want := range map[string]int{
		"0": 0, "512": 512, "512M": 512, "512mb": 512, "512MiB": 512, "10G": 10240, "10gib": 10240, "2T": 2 << 20,
	} {
		if got, err := units.ParseMiB(text); err != nil || got != want {
			t.Errorf("ParseMiB(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "G", "-1", "1.5G", "10K", "10B", "10iB", "10 G", "0x10", "99999999999999999999", "9999999999999999T"} {
		if got, err := units.ParseMiB(text); err == nil {
			t.Errorf("ParseMiB(%q) = %d, want an error", text, got)
		}
	}
}
