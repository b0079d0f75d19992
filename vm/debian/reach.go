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

// ErrMirror means that the mirror cannot be reached.
var ErrMirror = errors.New("the Debian mirror cannot be reached")

// mirrorTimeout is how long the mirror may take for its first response.
const mirrorTimeout = 20 * time.Second

// checkMirror checks, before the build starts, that the mirror can be reached and has the
// release. The error, if any, is ErrMirror or ErrRelease.
func (b *build) checkMirror(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, mirrorTimeout)
	defer cancel()
	address := b.mirrors.archive + "/dists/" + b.release + "/InRelease"
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, address, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMirror, err)
	}
	client := http.Client{Transport: &http.Transport{Proxy: b.selectProxy, DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		var urlErr *url.Error
		if errors.As(err, &urlErr) {
			err = urlErr.Err
		}
		return fmt.Errorf("%w: %s: %w", ErrMirror, b.mirrors.archive, err)
	}
	resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%q is %w: %s does not have it", b.release, ErrRelease, b.mirrors.archive)
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("%w: %s responds with %q", ErrMirror, b.mirrors.archive, resp.Status)
	}
	return nil
}

// selectProxy returns the proxy that the tools would use for a request.
func (b *build) selectProxy(r *http.Request) (*url.URL, error) {
	for _, set := range b.proxy {
		if value, ok := strings.CutPrefix(set, r.URL.Scheme+"_proxy="); ok {
			return url.Parse(value)
		}
	}
	return http.ProxyFromEnvironment(r)
}

// hostProxy returns the proxy settings of the host's APT as environment variables, so that
// they are used during the build but not stored in the guest. Existing environment variables
// take precedence.
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
