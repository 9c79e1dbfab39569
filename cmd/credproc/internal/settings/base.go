package settings

import (
	"github.com/credproc/credproc/source"
)

// static makes the source of access keys that stand in the settings.
func static(from layers) (source.Source, error) {
	return nil, &Error{Text: "access keys are not supported"}
}

func (m *maker) instance() (source.Source, error) {
	return nil, &Error{Text: "Ec2InstanceMetadata is not supported"}
}

func (m *maker) container() (source.Source, error) {
	return nil, &Error{Text: "EcsContainer is not supported"}
}

// environmentKeys are the keys in the environment, by their names in a profile.
func environmentKeys(getenv func(string) string) layer {
	names := map[string]string{
		"aws_access_key_id":     "AWS_ACCESS_KEY_ID",
		"aws_secret_access_key": "AWS_SECRET_ACCESS_KEY",
		"aws_session_token":     "AWS_SESSION_TOKEN",
	}
	return func(key string) (setting, bool) { return variable(getenv, names[key]) }
}
