package debian

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"
)

// ErrMirror says that the mirror cannot be reached.
var ErrMirror = errors.New("the mirror of Debian's packages cannot be reached")

// askLimit is how long a mirror may take for its first answer.
const askLimit = 20 * time.Second

// askMirror finds out whether the mirror can be reached and has the release,
// before anything is begun. ErrMirror, ErrRelease.
func (b *build) askMirror(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	address := b.mirrors.archive + "/dists/" + b.release + "/InRelease"
	ask, err := http.NewRequestWithContext(ctx, http.MethodHead, address, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMirror, err)
	}
	client := http.Client{Transport: &http.Transport{Proxy: b.proxyFor, DisableKeepAlives: true}}
	answer, err := client.Do(ask)
	if err != nil {
		var about *url.Error
		if errors.As(err, &about) {
			err = about.Err
		}
		return fmt.Errorf("%w: %s: %w", ErrMirror, b.mirrors.archive, err)
	}
	answer.Body.Close()
	switch {
	case answer.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%q is %w: %s does not have it", b.release, ErrRelease, b.mirrors.archive)
	case answer.StatusCode != http.StatusOK:
		return fmt.Errorf("%w: %s answers %q", ErrMirror, b.mirrors.archive, answer.Status)
	}
	return nil
}

// proxyFor is the proxy by which the tools would go to an address.
func (b *build) proxyFor(r *http.Request) (*url.URL, error) {
	for _, set := range b.proxy {
		if value, ok := strings.CutPrefix(set, r.URL.Scheme+"_proxy="); ok {
			return url.Parse(value)
		}
	}
	return http.ProxyFromEnvironment(r)
}

// hostProxy is the proxy that the host's APT goes through, as settings of the
// environment: so it is used while building and is in no file of the guest. The
// environment's own go first.
func hostProxy(ctx context.Context) []string {
	var set []string
	for _, scheme := range []string{"http", "https"} {
		if os.Getenv(scheme+"_proxy") != "" {
			continue
		}
		out, err := exec.CommandContext(ctx, "apt-config", "dump", "--format", "%v%n", "Acquire::"+scheme+"::Proxy").Output()
		value := strings.TrimSpace(string(out))
		if err == nil && value != "" && value != "DIRECT" && !strings.Contains(value, "\n") {
			set = append(set, scheme+"_proxy="+value)
		}
	}
	return set
}
