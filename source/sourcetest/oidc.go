package sourcetest

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"time"
)

const discoveryPath = "/.well-known/openid-configuration"

// discovery is the provider metadata of OpenID Connect Discovery 1.0, section 3.
type discovery struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	JWKSURI               string   `json:"jwks_uri"`
	ResponseTypes         []string `json:"response_types_supported"`
	SubjectTypes          []string `json:"subject_types_supported"`
	SigningAlgorithms     []string `json:"id_token_signing_alg_values_supported"`
	Claims                []string `json:"claims_supported"`
}

// keySet is a JWK Set of RFC 7517, section 5.
type keySet struct {
	Keys []jsonWebKey `json:"keys"`
}

// jsonWebKey is a public RSA or P-256 key of RFC 7518, section 6.
type jsonWebKey struct {
	KeyType   string `json:"kty"`
	KeyID     string `json:"kid"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
	N         string `json:"n,omitempty"`
	E         string `json:"e,omitempty"`
	Curve     string `json:"crv,omitempty"`
	X         string `json:"x,omitempty"`
	Y         string `json:"y,omitempty"`
}

func rsaWebKey(id string, key *rsa.PublicKey) jsonWebKey {
	return jsonWebKey{
		KeyType: "RSA", KeyID: id, Use: "sig", Algorithm: "RS256",
		N: base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
		E: base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
	}
}

func ecWebKey(id string, key *ecdsa.PublicKey) jsonWebKey {
	point, err := key.Bytes() // 4, x, y
	if err != nil {
		panic("sourcetest: " + err.Error())
	}
	return jsonWebKey{
		KeyType: "EC", KeyID: id, Use: "sig", Algorithm: "ES256", Curve: "P-256",
		X: base64.RawURLEncoding.EncodeToString(point[1:33]),
		Y: base64.RawURLEncoding.EncodeToString(point[33:]),
	}
}

func (k jsonWebKey) publicKey() (crypto.PublicKey, error) {
	var err error
	number := func(s string) []byte {
		b, decodeErr := base64.RawURLEncoding.DecodeString(s)
		err = errors.Join(err, decodeErr)
		return b
	}
	switch {
	case k.KeyType == "RSA":
		n, e := number(k.N), number(k.E)
		return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}, err
	case k.KeyType == "EC" && k.Curve == "P-256":
		point := append(append([]byte{4}, number(k.X)...), number(k.Y)...)
		if err != nil {
			return nil, err
		}
		return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	default:
		return nil, fmt.Errorf("key %s: unsupported type %s %s", k.KeyID, k.KeyType, k.Curve)
	}
}

// issuers is how STS reaches issuers: never through a proxy, and without
// holding a connection open that would outlive its call.
var issuers = &http.Client{
	Transport: &http.Transport{DisableKeepAlives: true},
	Timeout:   10 * time.Second,
}

// fetchKey asks the issuer for the public key that goes by id.
func fetchKey(ctx context.Context, issuer, id string) (crypto.PublicKey, error) {
	var doc discovery
	if err := getJSON(ctx, issuer+discoveryPath, &doc); err != nil {
		return nil, err
	}
	if doc.Issuer != issuer {
		return nil, fmt.Errorf("the discovery document is that of %s", doc.Issuer)
	}
	var set keySet
	if err := getJSON(ctx, doc.JWKSURI, &set); err != nil {
		return nil, err
	}
	for _, key := range set.Keys {
		if key.KeyID == id {
			return key.publicKey()
		}
	}
	return nil, fmt.Errorf("no key %q", id)
}

func getJSON(ctx context.Context, url string, v any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := issuers.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(v)
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v) // a client that went away needs no answer
}
