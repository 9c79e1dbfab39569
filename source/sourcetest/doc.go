// Package sourcetest provides an OpenID Connect issuer and a strict AWS
// Security Token Service (STS) for end-to-end tests, in the manner of
// net/http/httptest:
//
//	iss, sts := sourcetest.NewIssuer(), sourcetest.NewSTS()
//	defer iss.Close()
//	defer sts.Close()
//	sts.Trust(iss.URL)
//	sts.AddRole(sourcetest.Role{ARN: "arn:aws:iam::111122223333:role/migrator"})
//	iss.WriteToken(path, sourcetest.Claims{Expiry: time.Now().Add(30 * time.Second)})
//	sts.SetFaults(sourcetest.Throttle(), sourcetest.Drop()) // then it works
//
// Both listen on loopback, speak HTTP as the real ones do, and need no
// *testing.T, so that programs can use them for a demonstration.
//
// # How strict it is
//
// STS refuses whatever AWS would refuse, in AWS's words where they are known:
// parameters outside the API reference's limits, unknown or repeated
// parameters (AWS ignores those; here they are a test's typo), tokens of
// issuers that it was not told to trust, tokens whose signature does not verify
// with the key it fetches from the issuer over HTTP, algorithms that AWS does not
// take, missing claims, the wrong audience, exp and nbf without leeway,
// roles it does not know or that do not trust the caller, durations above the
// role's MaxSessionDuration. AssumeRole and GetCallerIdentity verify their
// Signature Version 4, its date, the session token and the session's end, and
// hold chained sessions to an hour. The messages about unsupported algorithms, bad
// signatures and nbf are its own.
//
// # What it does not check
//
// Issuers may speak plain HTTP. Keys are fetched for every call, where AWS
// caches them. Tokens may live as long as they like, azp and the claims for
// session tags are not read, subjects in a trust policy have no wildcards. A
// session policy need only be a JSON object with a Statement; packed sizes are
// made up. Session tags and source identities do not follow a session into the
// next one. Signatures are taken from the Authorization header only, for any
// region. MFA, ProviderId, SAML and every other action are unknown to it.
package sourcetest
