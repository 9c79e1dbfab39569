package precedence

import "strings"

// missingProfile: a profile is named that is in neither file.
func missingProfile(v *view) string {
	if v.named == "" && !v.inCode || v.config != nil || v.credentials != nil {
		return ""
	}
	// Go's v2 lets a missing AWS_DEFAULT_PROFILE pass.
	if v.sdk == GoV2 && v.named == "AWS_DEFAULT_PROFILE" {
		return ""
	}
	if v.sdk == GoV1 && section(v.Config, v.profile) != nil {
		return "want of AWS_SDK_LOAD_CONFIG=1"
	}
	if v.named != "" {
		return v.named
	}
	return "profile " + v.profile
}

func missingWithConfig(v *view) string {
	if v.loadsConfig() {
		return missingProfile(v)
	}
	return ""
}

// twoTypes: more than one of the keys that Go's SDKs let stand alone only.
func twoTypes(v *view) string {
	var places []string
	for _, key := range []string{"credential_process", "source_profile", "credential_source", "web_identity_token_file"} {
		if _, place := v.key(key); place != "" {
			places = append(places, place)
		}
	}
	if len(places) < 2 {
		return ""
	}
	return join(places[1:]...)
}

func sourceWithoutRole(v *view) string {
	if v.at("role_arn") != "" {
		return ""
	}
	return v.at("source_profile", "credential_source", "web_identity_token_file")
}

// accessKey and secretKey are variables: Go's SDKs know older names as well.
// Source: aws-sdk-go-v2, config/env_config.go.
func (v *view) accessKey() string {
	if v.sdk&(GoV1|GoV2) != 0 {
		return v.first("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY")
	}
	return v.first("AWS_ACCESS_KEY_ID")
}

func (v *view) secretKey() string {
	if v.sdk&(GoV1|GoV2) != 0 {
		return v.first("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY")
	}
	return v.first("AWS_SECRET_ACCESS_KEY")
}

// first is the first variable that is not empty.
func (v *view) first(names ...string) string {
	for _, name := range names {
		if v.Getenv(name) != "" {
			return name
		}
	}
	return ""
}

func environmentKeys(v *view) string {
	if v.secretKey() == "" {
		return ""
	}
	return v.accessKey()
}

func environmentKeysWithoutProfile(v *view) string {
	if v.named != "" {
		return ""
	}
	return environmentKeys(v)
}

func halfKeys(v *view) string {
	if v.secretKey() != "" {
		return ""
	}
	return v.accessKey()
}

func tokenFile(v *view) string {
	if v.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE") == "" {
		return ""
	}
	if v.Getenv("AWS_ROLE_ARN") == "" { // botocore takes the profile's
		return "AWS_WEB_IDENTITY_TOKEN_FILE"
	}
	return join("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")
}

func tokenFileWithoutRole(v *view) string {
	if v.Getenv("AWS_ROLE_ARN") != "" {
		return ""
	}
	return v.first("AWS_WEB_IDENTITY_TOKEN_FILE")
}

func tokenFileWithoutAnyRole(v *view) string {
	if v.at("role_arn") != "" {
		return ""
	}
	return tokenFileWithoutRole(v)
}

func pair(v *view) string {
	if v.Getenv("AWS_ROLE_ARN") == "" || v.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE") == "" {
		return ""
	}
	return join("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")
}

// emptyPair: both are set, one of them to nothing.
func emptyPair(v *view) string {
	role, hasRole := v.Lookup("AWS_ROLE_ARN")
	file, hasFile := v.Lookup("AWS_WEB_IDENTITY_TOKEN_FILE")
	if !hasRole || !hasFile || role != "" && file != "" {
		return ""
	}
	return join("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")
}

// roleWithBase: a role to be assumed with the credentials of something else.
func roleWithBase(v *view) string {
	if v.at("role_arn") == "" || v.sdk == Botocore && v.at("web_identity_token_file") != "" {
		return ""
	}
	return v.at("source_profile", "credential_source")
}

// roleAlone: a role, and nothing to assume it with.
func roleAlone(v *view) string {
	if v.at("source_profile", "credential_source", "web_identity_token_file") != "" {
		return ""
	}
	return v.at("role_arn")
}

func profileToken(v *view) string {
	if v.at("role_arn") == "" {
		return ""
	}
	return v.at("web_identity_token_file")
}

func process(v *view) string { return v.at("credential_process") }

func processUnderRole(v *view) string {
	if process(v) == "" {
		return ""
	}
	return roleAlone(v)
}

func processAndRoleWithBase(v *view) string {
	if process(v) == "" {
		return ""
	}
	return roleWithBase(v)
}

// fileKeys: access keys in the profile, in either file.
func fileKeys(v *view) string { return v.at("aws_access_key_id") }

func fileKeysUnderRole(v *view) string {
	if fileKeys(v) == "" {
		return ""
	}
	return roleAlone(v)
}

// credentialsFileKeys: access keys of the same name in the credentials file.
func credentialsFileKeys(v *view) string {
	other := *v
	other.config = nil
	return fileKeys(&other)
}

func processAndAnother(v *view) string {
	if process(v) == "" {
		return ""
	}
	return v.at("aws_access_key_id", "source_profile", "credential_source", "web_identity_token_file", "role_arn")
}

func processAndAnotherInConfig(v *view) string {
	other := *v
	other.credentials = nil
	return processAndAnother(&other)
}

func sso(v *view) string {
	if v.sdk == Botocore && v.at("sso_role_name", "sso_account_id") == "" {
		return "" // Source: botocore/credentials.py, SSOProvider
	}
	return v.at("sso_session", "sso_start_url")
}

func container(v *view) string {
	return v.first("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")
}

func noMetadata(v *view) string {
	if strings.EqualFold(v.Getenv("AWS_EC2_METADATA_DISABLED"), "true") {
		return "AWS_EC2_METADATA_DISABLED"
	}
	return ""
}

func metadata(*view) string { return "nothing else" }
