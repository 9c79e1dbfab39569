package diagnosis

import (
	"net/url"
	"slices"
	"strings"
)

// Where EKS puts things.
// Sources: EKS User Guide, "IAM roles for service accounts" and "How EKS Pod
// Identity works".
const (
	irsaFolder        = "/var/run/secrets/eks.amazonaws.com/"
	podIdentityFolder = "/var/run/secrets/pods.eks.amazonaws.com/"
)

var podIdentityHosts = []string{"169.254.170.23", "fd00:ec2::23"}

// Cluster says what Kubernetes, or ECS, has given to this container. tokenFile
// is the token file that the profile names, or empty; used is whether the
// settings lead to any source.
func (f *Findings) Cluster(getenv func(string) string, tokenFile string, used bool) {
	const check = "container"
	role, file := getenv("AWS_ROLE_ARN"), getenv("AWS_WEB_IDENTITY_TOKEN_FILE")
	full, relative := getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"), getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
	pod := getenv("KUBERNETES_SERVICE_HOST") != ""
	switch {
	case file != "" && role == "":
		f.Problem(check, "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN: SDKs stop with an error",
			"set both or neither; IRSA sets both when the service account has the annotation eks.amazonaws.com/role-arn")
	case role != "" && file == "" && !used:
		f.Warn(check, "AWS_ROLE_ARN", "AWS_ROLE_ARN is set without AWS_WEB_IDENTITY_TOKEN_FILE: SDKs take no notice of it",
			"set both; IRSA sets both when the service account has the annotation eks.amazonaws.com/role-arn, and the pod has been started since")
	case isPodIdentity(full, getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) && strings.HasPrefix(file, irsaFolder):
		f.OK(check, "", "a pod with IRSA and EKS Pod Identity; SDKs prefer IRSA")
	case isPodIdentity(full, getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")):
		f.OK(check, "", "a pod with EKS Pod Identity: the agent at "+host(full)+" has credentials (credential_source = EcsContainer)")
	case strings.HasPrefix(file, irsaFolder) || pod && file != "":
		f.OK(check, "", "a pod with IRSA: AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE are set")
	case relative != "":
		f.OK(check, "", "a container of ECS: the agent has credentials (credential_source = EcsContainer)")
	case pod && strings.HasPrefix(tokenFile, "/var/run/secrets/"):
		f.OK(check, "", "a pod with a projected token")
	case pod && !used:
		f.Warn(check, "", "a pod with neither IRSA nor EKS Pod Identity: its service account has no role",
			"annotate the service account with eks.amazonaws.com/role-arn, and start the pod anew")
	case pod:
		f.OK(check, "", "a pod, without IRSA and EKS Pod Identity")
	}
}

func isPodIdentity(uri, tokenFile string) bool {
	return slices.Contains(podIdentityHosts, host(uri)) || strings.HasPrefix(tokenFile, podIdentityFolder)
}

func host(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	return u.Hostname()
}
