package rig

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// document is how AWS's metadata services write credentials down.
func document(c aws.Credentials) object {
	return object{
		"AccessKeyId":     c.AccessKeyID,
		"SecretAccessKey": c.SecretAccessKey,
		"Token":           c.SessionToken,
		"Expiration":      c.Expires.UTC().Format(time.RFC3339),
	}
}

// Instance is the metadata service, in version 2, of an EC2 instance whose role
// has these credentials. It returns the variables that lead there.
// Source: Amazon EC2 User Guide, "Use the Instance Metadata Service" and
// "Retrieve security credentials from instance metadata".
func Instance(t testing.TB, c aws.Credentials) (env []string) {
	const session, role = "the-session's", "instance-role"
	const folder = "/latest/meta-data/iam/security-credentials/"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/latest/api/token" && q.Method == http.MethodPut && q.Header.Get("X-aws-ec2-metadata-token-ttl-seconds") != "" {
			w.Header().Set("X-aws-ec2-metadata-token-ttl-seconds", q.Header.Get("X-aws-ec2-metadata-token-ttl-seconds"))
			w.Write([]byte(session))
			return
		}
		answer := document(c)
		answer["Code"], answer["Type"] = "Success", "AWS-HMAC"
		answer["LastUpdated"] = time.Now().UTC().Format(time.RFC3339)
		switch {
		case q.Header.Get("X-aws-ec2-metadata-token") != session:
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
		case q.Method == http.MethodGet && q.URL.Path == folder:
			w.Write([]byte(role))
		case q.Method == http.MethodGet && q.URL.Path == folder+role:
			send(w, http.StatusOK, answer)
		default:
			http.NotFound(w, q)
		}
	}))
	t.Cleanup(server.Close)
	// Without the slash old AWS CLIs cannot read it.
	return []string{"AWS_EC2_METADATA_SERVICE_ENDPOINT=" + server.URL + "/", "AWS_EC2_METADATA_DISABLED=false"}
}

// Container is the credentials endpoint of a container with a role. It returns
// the variables that lead there.
// Source: AWS SDKs and Tools Reference Guide, "Container credential provider".
func Container(t testing.TB, c aws.Credentials) (env []string) {
	const path, authorization = "/v1/credentials", "the-container's"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path != path || q.Header.Get("Authorization") != authorization {
			http.Error(w, `{"code":"AccessDenied","message":"wrong token"}`, http.StatusUnauthorized)
			return
		}
		send(w, http.StatusOK, document(c))
	}))
	t.Cleanup(server.Close)
	return []string{"AWS_CONTAINER_CREDENTIALS_FULL_URI=" + server.URL + path, "AWS_CONTAINER_AUTHORIZATION_TOKEN=" + authorization}
}
