package settings

import (
	"fmt"
	"path/filepath"

	"github.com/credproc/credproc/source"
)

// static makes the source of the access key that stands in a profile.
func static(p *awsProfile) source.Source {
	from := layers{p.layer}
	return &source.Static{
		AccessKeyID:     from.find("aws_access_key_id").text,
		SecretAccessKey: from.find("aws_secret_access_key").text,
		SessionToken:    from.find("aws_session_token").text,
		AccountID:       from.find("aws_account_id").text,
		Place:           fmt.Sprintf("profile %q", p.name),
	}
}

// instance makes the source of an EC2 instance's credentials.
// Source: AWS SDKs and Tools Reference Guide, "IMDS credential provider".
func (m *maker) instance() (source.Source, error) {
	i := &source.Instance{Endpoint: m.getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT")}
	switch mode := m.getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"); mode {
	case "", "IPv4", "ipv4":
	case "IPv6", "ipv6":
		if i.Endpoint == "" {
			i.Endpoint = source.InstanceEndpointIPv6
		}
	default:
		return nil, &Error{Text: fmt.Sprintf("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE is %.20q; it may be IPv4 or IPv6", mode)}
	}
	return i, nil
}

// container makes the source of a container's credentials.
// Source: AWS SDKs and Tools Reference Guide, "Container credential provider".
func (m *maker) container() (source.Source, error) {
	file := m.before("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
	if file != "" && !filepath.IsAbs(file) {
		m.needsFolder = true
		file = filepath.Join(m.workingFolder(), file)
	}
	return &source.Container{
		RelativeURI: m.before("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
		FullURI:     m.before("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
		TokenFile:   file,
		Token:       m.before("AWS_CONTAINER_AUTHORIZATION_TOKEN"),
	}, nil
}
