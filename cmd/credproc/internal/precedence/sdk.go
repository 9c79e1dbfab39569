package precedence

// An SDK is one column of the table, or a set of them.
type SDK uint16

// The SDKs, in the order of the facts about them.
const (
	Botocore   SDK = 1 << iota // Python, and with it the AWS CLI
	GoV2                       // Terraform, OpenTofu, most of Kubernetes
	GoV1                       // older Go programs
	JavaScript                 // version 3
	Ruby
	Java // version 2
	DotNet
	Rust
	CPP
	PHP

	every = 1<<iota - 1
)

// SDKs are all SDKs that the table knows.
func SDKs() []SDK {
	var all []SDK
	for sdk := Botocore; sdk&every != 0; sdk <<= 1 {
		all = append(all, sdk)
	}
	return all
}

// ID names the SDK in JSON and in tests; it never changes.
func (s SDK) ID() string { id, _, _ := s.describe(); return id }

// Name is what users call the SDK and the programs that are built with it.
func (s SDK) Name() string { _, name, _ := s.describe(); return name }

// profileVariables are the variables in which the SDK looks for the name of a
// profile, the first that is not empty counts.
func (s SDK) profileVariables() []string { _, _, variables := s.describe(); return variables }

func (s SDK) describe() (id, name string, profile []string) {
	const named, old = "AWS_PROFILE", "AWS_DEFAULT_PROFILE"
	switch s {
	case Botocore:
		return "botocore", "AWS CLI, boto3", []string{old, named} // botocore/configprovider.py
	case GoV2:
		return "go-v2", "Terraform, Go v2", []string{named, old} // config/env_config.go
	case GoV1:
		return "go-v1", "Go v1", []string{named, old} // aws/session/env_config.go
	case JavaScript:
		return "javascript-v3", "JavaScript v3", []string{named} // getProfileName.ts
	case Ruby:
		return "ruby", "Ruby", []string{named} // shared_config.rb
	case Java:
		return "java-v2", "Java", []string{named} // ProfileFileSystemSetting
	case DotNet:
		return "dotnet", ".NET", []string{named} // FallbackCredentialsFactory.cs
	case Rust:
		return "rust", "Rust", []string{named} // aws-runtime, profile/parser
	case CPP:
		return "cpp", "C++", []string{old, named} // AWSProfileConfigLoader.cpp
	case PHP:
		return "php", "PHP", []string{named} // CredentialProvider.php
	}
	return "", "", nil
}
