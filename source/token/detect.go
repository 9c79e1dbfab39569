package token

// A Detection is a token source that is taken without being asked for, where
// all of Variables are set.
type Detection struct {
	Spec      string
	Variables []string
}

// Detections lists what Detect looks for, first things first. Only systems that
// set a job's variables for this very purpose are here: a cloud's metadata
// service would also answer on machines whose owners never thought of AWS, and
// GitLab's variables have names of their author's choice.
func Detections() []Detection {
	return []Detection{
		{"github", []string{"ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"}},
		{"bitbucket", []string{"BITBUCKET_STEP_OIDC_TOKEN"}},
		{"circleci", []string{"CIRCLECI", "CIRCLE_OIDC_TOKEN_V2"}},
		{"buildkite", []string{"BUILDKITE_JOB_ID", "BUILDKITE_AGENT_ACCESS_TOKEN"}},
		{"azure-devops", []string{"SYSTEM_OIDCREQUESTURI", "SYSTEM_ACCESSTOKEN"}},
		{"hcp-terraform", []string{"TFC_WORKLOAD_IDENTITY_TOKEN"}},
		{"spacelift", []string{"SPACELIFT_OIDC_TOKEN"}},
	}
}

// Detect returns the spec of the first of Detections that the environment has.
// A token file (AWS_WEB_IDENTITY_TOKEN_FILE) is for the caller to look at
// before: it is AWS's own way and names more than a token.
func Detect(getenv func(string) string) (spec string, ok bool) {
next:
	for _, d := range Detections() {
		for _, name := range d.Variables {
			if getenv(name) == "" {
				continue next
			}
		}
		return d.Spec, true
	}
	return "", false
}
