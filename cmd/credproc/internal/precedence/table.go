package precedence

// A rule is one line of the table: if its condition holds, these SDKs do that.
// For each SDK the first line counts whose condition holds.
type rule struct {
	when   when
	sdks   SDK
	holds  condition
	then   Source
	source string
}

// A condition gives the place that makes it hold, or nothing if it does not.
type condition func(*view) string

// when says how the profile must be named for the rule to count.
type when int

const (
	always     when = iota
	byVariable      // in a variable or not at all
	named           // in code: profile = "x", --profile x
)

// Sources of the rules. What was run is in the end-to-end tests.
const (
	inBotocore = "botocore/credentials.py, create_credential_resolver"
	inGoV2     = "aws-sdk-go-v2, config/resolve_credentials.go"
	inGoShared = "aws-sdk-go-v2, config/shared_config.go, validateCredentialType"
	inGoV1     = "aws-sdk-go, aws/session/credentials.go"
	inJS       = "aws-sdk-js-v3, credential-provider-node/src/defaultProvider.ts"
	inJSIni    = "aws-sdk-js-v3, credential-provider-ini/src/resolveProfileData.ts"
	inRuby     = "aws-sdk-ruby, aws-sdk-core/credential_provider_chain.rb"
	inJava     = "aws-sdk-java-v2, DefaultCredentialsProvider and ProfileCredentialsUtils"
	inDotNet   = "aws-sdk-net, FallbackCredentialsFactory.cs and CredentialProfileType.cs"
	inRust     = "aws-config, default_provider/credentials.rs and profile/credentials/repr.rs"
	inCPP      = "aws-sdk-cpp, AWSCredentialsProviderChain.cpp"
	inPHP      = "aws-sdk-php, CredentialProvider.php"
	inGuide    = "AWS SDKs and Tools Reference Guide, Credential provider chain"
)

// table is the rule book. Read it down one SDK's column to have its chain.
var table = []rule{
	// Before anything else: what the SDK refuses to start with.
	{byVariable, Botocore, missingProfile, Fails, "botocore/session.py, get_scoped_config"},
	{named, Botocore, missingProfile, Fails, "botocore/session.py, get_scoped_config"},
	{always, GoV2, missingProfile, Fails, "aws-sdk-go-v2, config/config.go, resolveConfigLoaders"},
	{always, GoV1, missingWithConfig, Fails, "aws-sdk-go, aws/session/shared_config.go"},
	{always, GoV2 | GoV1, twoTypes, Fails, inGoShared},
	{always, GoV2 | GoV1, sourceWithoutRole, Fails, "aws-sdk-go-v2, config/shared_config.go, validateCredentialsRequireARN"},

	// Access keys in the environment.
	{byVariable, Botocore, halfKeys, Fails, "botocore/credentials.py, EnvProvider"},
	{byVariable, Botocore, environmentKeys, Environment, inBotocore},
	{byVariable, GoV2, environmentKeys, Environment, inGoV2},
	{byVariable, GoV1, environmentKeys, Environment, inGoV1},
	{byVariable, JavaScript, environmentKeysWithoutProfile, Environment, inJS},
	{byVariable, Ruby, environmentKeys, Environment, inRuby},
	{always, Java, environmentKeys, Environment, inJava},
	{byVariable, DotNet, environmentKeys, Environment, inDotNet},
	{always, Rust, environmentKeys, Environment, inRust},
	{byVariable, CPP, environmentKeys, Environment, inCPP},
	{always, PHP, environmentKeys, Environment, inPHP},

	// botocore assumes a profile's role before it looks at the IRSA pair.
	{always, Botocore, roleWithBase, AssumeRole, inBotocore},
	{always, Botocore, roleAlone, Fails, "botocore/credentials.py, AssumeRoleProvider"},

	// The IRSA pair.
	{byVariable, Botocore, tokenFileWithoutAnyRole, Fails, "botocore/credentials.py, AssumeRoleWithWebIdentityProvider"},
	{byVariable, Botocore, tokenFile, WebIdentity, inBotocore},
	{byVariable, GoV2, tokenFileWithoutRole, Fails, inGoV2},
	{byVariable, GoV2, tokenFile, WebIdentity, inGoV2},
	{byVariable, GoV1, tokenFileWithoutRole, Fails, inGoV1},
	{byVariable, GoV1, tokenFile, WebIdentity, inGoV1},
	{byVariable, Ruby, emptyPair, Fails, inRuby},
	{byVariable, Ruby, pair, WebIdentity, inRuby},
	{always, Java, pair, WebIdentity, inJava},
	{byVariable, DotNet, pair, WebIdentity, inDotNet},
	{always, PHP, pair, WebIdentity, inPHP},

	// The profile: .NET refuses two kinds in one, of C++ it is not known.
	{always, DotNet, processAndAnother, Fails, "aws-sdk-net, CredentialProfileTypeDetector.cs"},
	{always, CPP, processAndAnotherInConfig, Unknown, ""},
	{always, PHP, processAndRoleWithBase, Unknown, ""},

	{always, GoV2, roleWithBase, AssumeRole, inGoV2},
	{always, GoV1, roleWithBase, AssumeRole, inGoV1},
	{always, JavaScript, roleWithBase, AssumeRole, inJSIni},
	{always, Ruby, roleWithBase, AssumeRole, inRuby},
	{always, Java, roleWithBase, AssumeRole, inJava},
	{always, Rust, roleWithBase, AssumeRole, inRust},
	{always, DotNet | CPP | PHP, roleWithBase, AssumeRole, inGuide},

	{always, Botocore, profileToken, WebIdentity, inBotocore},
	{always, Ruby, profileToken, WebIdentity, inRuby},
	{always, Java, profileToken, WebIdentity, inJava},
	{always, Rust, profileToken, WebIdentity, inRust},
	{always, PHP, profileToken, WebIdentity, inPHP},

	{always, GoV2 | GoV1, fileKeysUnderRole, AssumeRole, inGoV2},
	{always, GoV2, fileKeys, Static, inGoV2},
	{always, GoV1, fileKeys, Static, inGoV1},
	{always, JavaScript, fileKeys, Static, inJSIni},
	{always, Botocore, credentialsFileKeys, Static, inBotocore},
	{always, Ruby, fileKeys, Static, inRuby},
	{always, CPP, credentialsFileKeys, Static, inCPP},
	{always, PHP, credentialsFileKeys, Static, inPHP},

	{always, GoV2, profileToken, WebIdentity, inGoV2},
	{always, GoV1, profileToken, WebIdentity, inGoV1},
	{always, JavaScript, profileToken, WebIdentity, inJSIni},
	{always, DotNet | CPP, profileToken, WebIdentity, inGuide},

	{always, JavaScript, process, Process, inJSIni},
	{always, every, sso, SSO, inGuide},

	{always, GoV2, processUnderRole, AssumeRole, inGoV2},
	{always, GoV1, processUnderRole, AssumeRole, inGoV1},
	{always, Ruby, processUnderRole, Fails, inRuby},
	{always, Rust, processUnderRole, Fails, inRust},
	{always, PHP, processUnderRole, Fails, inPHP},

	{always, Botocore, process, Process, inBotocore},
	{always, GoV2, process, Process, inGoV2},
	{always, GoV1, process, Process, inGoV1},
	{always, Ruby, process, Process, inRuby},
	{always, Java, process, Process, inJava},
	{always, DotNet, process, Process, inDotNet},
	{always, Rust, process, Process, inRust},
	{always, CPP, process, Process, inCPP},
	{always, PHP, process, Process, inPHP},

	{always, every, fileKeys, Static, inGuide},

	// After the profile.
	{always, JavaScript, pair, WebIdentity, inJS},
	{always, Rust, pair, WebIdentity, inRust},
	{always, CPP, pair, WebIdentity, inCPP},
	{always, every, container, Container, inGuide},
	{always, Ruby, missingProfile, Fails, "aws-sdk-ruby, shared_config.rb"},
	{always, GoV1, missingProfile, Fails, "aws-sdk-go, credentials/shared_credentials_provider.go"},
	{always, every, noMetadata, None, inGuide},
	{always, every, metadata, Instance, inGuide},
}
