package token

import (
	"bytes"
	"encoding/json"
	"strings"
)

// spiffe is the SPIRE agent's own command, which asks the Workload API for a
// JWT-SVID. It takes the socket's path where SPIFFE_ENDPOINT_SOCKET has a URL.
// Source: spiffe/spire, cmd/spire-agent/cli/api.
func spiffe(id string, o Options) *Exec {
	e := &Exec{
		Command: []string{"spire-agent", "api", "fetch", "jwt", "-audience", o.audience(), "-output", "json"},
		Getenv:  o.getenv(),
		name:    "spire-agent",
		hint:    "it is part of SPIRE",
		find:    findSVID,
	}
	if socket := e.Getenv("SPIFFE_ENDPOINT_SOCKET"); socket != "" {
		socket = strings.TrimPrefix(strings.TrimPrefix(socket, "unix:"), "//")
		e.Command = append(e.Command, "-socketPath", socket)
	}
	if id != "" {
		e.Command = append(e.Command, "-spiffeID", id)
	}
	return e
}

// findSVID finds the first JWT-SVID, the default one of a workload with several.
// JSON is a list of the Workload API's answers, [{"svids": [{"svid": …}]},
// {"bundles": …}]; text is "token(spiffe://…):", then the token on the next
// line.
func findSVID(stdout []byte) ([]byte, bool) {
	var answers []map[string]any
	if json.Unmarshal(stdout, &answers) == nil {
		for _, answer := range answers {
			if svids, _ := answer["svids"].([]any); len(svids) > 0 {
				first, _ := svids[0].(map[string]any)
				text, ok := first["svid"].(string)
				return []byte(text), ok
			}
		}
		return nil, false
	}
	head, rest, _ := bytes.Cut(bytes.TrimSpace(stdout), []byte("\n"))
	if !bytes.HasPrefix(head, []byte("token(")) {
		return nil, false
	}
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	return line, true
}
