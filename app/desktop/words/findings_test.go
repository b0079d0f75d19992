package words

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"vmterminal/app/doctor"
	"vmterminal/app/doctor/doctortest"
)

// okCodes are the codes of findings without a problem, which the window does not show.
var okCodes = []doctor.Code{
	doctor.QEMUFound, doctor.AccelWorks, doctor.GuestBuiltIn, doctor.DebianBuildable, doctor.UEFIFound, doctor.StorePrivate,
	doctor.StoreNotCreated, doctor.FileSystemComplete, doctor.SocketsInStore, doctor.SocketsElsewhere, doctor.SpaceEnough,
	doctor.BlocksShared, doctor.ConfigReadable, doctor.VMsNone, doctor.VMsUsable, doctor.LeftoversNone, doctor.DisplayWorks,
	doctor.DisplayNoAccess, doctor.DisplayNoGraphics,
}

func TestEveryFindingHasText(t *testing.T) {
	t.Chdir("..") // where doctortest finds package doctor
	for _, f := range doctortest.Findings(t) {
		got, unknown := Finding(f), unknownFinding(f)
		if isKnown := got != unknown; got == "" || isKnown == slices.Contains(okCodes, f.Code) || strings.Contains(got, "<no value>") {
			t.Errorf("%s: got %q; the text of an unknown code is %q", f.Code, got, unknown)
		}
	}
	for _, f := range doctortest.Fixes(t) {
		if got, code := fixText(f), strings.ReplaceAll(string(f.Action), "_", " "); got == "" || got == code || strings.Contains(got, "<no value>") {
			t.Errorf("%s: got %q, want a specific text", f.Action, got)
		}
	}
}

func TestUnknownFindingIsDescribed(t *testing.T) {
	f := doctor.Finding{Code: "new_code", Args: doctor.Args{Err: errors.New("cause")}}
	if got, want := Finding(f), "A host check reports: new code (cause)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := fixText(doctor.Fix{Action: "new_action"}), "new action"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestFindingsInGerman runs itself in both languages. Texts that are equal in both are
// untranslated.
func TestFindingsInGerman(t *testing.T) {
	if os.Getenv(envPrintTexts) != "" {
		t.Chdir("..") // where doctortest finds package doctor
		if err := AddTranslations(); err != nil {
			t.Fatal(err)
		}
		for _, f := range doctortest.Findings(t) {
			fmt.Printf("said %s: %s\n", f.Code, Finding(f))
		}
		for _, f := range doctortest.Fixes(t) {
			fmt.Printf("said %s: %s\n", f.Action, fixText(f))
		}
		fmt.Printf("said fix: %s\n", WithFix("X", doctor.Fix{Action: "new"}))
		return
	}
	said := func(locale string) []string {
		cmd := exec.Command(os.Args[0], "-test.run=^TestFindingsInGerman$", "-test.v")
		cmd.Env = append(os.Environ(), envPrintTexts+"=1", "LANG="+locale, "LC_ALL="+locale, "LANGUAGE=")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", locale, err, out)
		}
		return slices.DeleteFunc(strings.Split(string(out), "\n"), func(line string) bool { return !strings.HasPrefix(line, "said ") })
	}
	english, german := said("en_US.UTF-8"), said("de_DE.UTF-8")
	if len(english) != len(german) || len(english) == 0 {
		t.Fatalf("got %d English and %d German texts, want the same number", len(english), len(german))
	}
	// A text of the Service, and a command, are the same in all languages.
	same := []string{"said " + string(doctor.VMsNote) + ":", "said " + string(doctor.InstallTools) + ":"}
	for i, line := range german {
		if line == english[i] && !slices.ContainsFunc(same, func(p string) bool { return strings.HasPrefix(line, p) }) {
			t.Errorf("not in German: %q", line)
		}
	}
}
