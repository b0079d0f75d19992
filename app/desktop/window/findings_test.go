package window

import "vmterminal/app/doctor"

// noQEMU, noGuest and slowHost are findings on hosts that do not meet all requirements.
var (
	noQEMU = doctor.Finding{
		Subject: doctor.SubjectQEMU, Status: doctor.Blocking, Code: doctor.QEMUMissing,
		Fixes: []doctor.Fix{{Action: doctor.InstallTools, Tools: []doctor.Tool{doctor.QEMU, doctor.QEMUImg}}},
	}
	noGuest = doctor.Finding{
		Subject: doctor.SubjectGuest, Status: doctor.Blocking, Code: doctor.GuestMissing,
		Fixes: []doctor.Fix{{Action: doctor.RebuildProgram}},
	}
	slowHost = doctor.Finding{
		Subject: doctor.SubjectAccelerator, Status: doctor.Note, Code: doctor.AccelNoPermission,
		Fixes: []doctor.Fix{{Action: doctor.JoinGroup, Name: "kvm", User: "you"}},
	}
)
