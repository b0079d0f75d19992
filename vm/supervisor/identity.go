package supervisor

import (
	"context"
	"errors"
	"strings"
	"time"

	"vmterminal/vm/agent"
)

// An identification sends the VM's identity to one agent, after each of its hellos. A
// guest that takes long or never answers does not delay users of the VM.
type identification struct {
	link  *agentLink
	agent guestAgent

	cancel   context.CancelFunc
	answered chan struct{} // closed when the request is done; nil before the first
	lastNote string        // the last logged note
}

// sendIdentity cancels the previous request and sends another. It returns when the guest has
// answered or after the link's timeout. The guest may take minutes to answer; a late
// answer is logged when it arrives.
func (i *identification) sendIdentity(ctx context.Context) {
	i.cancelAndWait()
	if i.link.identity.ID == "" {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	answered := make(chan struct{})
	i.cancel, i.answered = cancel, answered
	go func() {
		defer close(answered)
		result, err := i.agent.Identify(ctx, i.link.identity)
		if ctx.Err() != nil {
			return // canceled, or sent again
		}
		if text := describeIdentityResult(result, err); text != "" && text != i.lastNote {
			i.lastNote = text
			i.link.logNote(text)
		}
	}()
	timer := time.NewTimer(i.link.timeout)
	defer timer.Stop()
	select {
	case <-answered:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// cancelAndWait cancels the request and waits until it is done.
func (i *identification) cancelAndWait() {
	if i.cancel != nil {
		i.cancel()
		<-i.answered
	}
}

// describeIdentityResult returns one line for the log about the result of Identify, or "" if
// nothing was changed.
func describeIdentityResult(result agent.IdentityResult, err error) string {
	switch {
	case errors.Is(err, agent.ErrUnsupported):
		return "the guest's agent is too old for identities: a copy of another VM keeps that VM's identity"
	case errors.Is(err, agent.ErrRestarted), errors.Is(err, agent.ErrClosed):
		return "" // it is sent again
	case err != nil:
		return "set the guest's identity: " + err.Error()
	}
	text := map[agent.IdentityChange]string{
		agent.IdentityFirst:   "the guest got its identity",
		agent.IdentityRenamed: "the guest got the VM's new name",
		agent.IdentityCopied:  "the guest's disk was another VM's",
	}[result.Change]
	if text == "" {
		return ""
	}
	if len(result.Renewed) > 0 {
		text += "; renewed: " + strings.Join(result.Renewed, ", ")
	}
	return strings.Join(append([]string{text}, result.Notes...), "; ")
}
