package sourcetest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// An Issuer is an OpenID Connect issuer on a loopback port. It publishes a
// discovery document and a JWKS, and signs tokens with the keys in it. Its
// methods are safe for concurrent use.
//
// All issuers of one process share their keys, since an RSA key takes long to
// make: what tells their tokens apart is the iss claim.
type Issuer struct {
	// URL is the iss claim of every token: http://127.0.0.1:PORT.
	URL string

	server *httptest.Server
}

// NewIssuer starts an issuer. It panics if it cannot listen on loopback.
// The caller closes it.
func NewIssuer() *Issuer {
	iss := new(Issuer)
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+discoveryPath, iss.serveDiscovery)
	mux.HandleFunc("GET /jwks", iss.serveKeys)
	iss.server = httptest.NewServer(mux)
	iss.URL = iss.server.URL
	return iss
}

// Close stops the issuer. Tokens can still be minted; nobody can verify them.
func (iss *Issuer) Close() { iss.server.Close() }

func (iss *Issuer) serveDiscovery(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, discovery{
		Issuer:                iss.URL,
		AuthorizationEndpoint: iss.URL + "/authorize",
		TokenEndpoint:         iss.URL + "/token",
		JWKSURI:               iss.URL + "/jwks",
		ResponseTypes:         []string{"id_token"},
		SubjectTypes:          []string{"public"},
		SigningAlgorithms:     []string{"RS256", "ES256"},
		Claims:                []string{"iss", "sub", "aud", "iat", "nbf", "exp", "jti"},
	})
}

func (iss *Issuer) serveKeys(w http.ResponseWriter, _ *http.Request) {
	keys := publishedKeys()
	writeJSON(w, keySet{Keys: []jsonWebKey{
		rsaWebKey(rsaKeyID, &keys.rsa.PublicKey),
		ecWebKey(ecKeyID, &keys.ec.PublicKey),
	}})
}

// Claims describe a token to mint. The zero value is a token that an STS which
// trusts the issuer accepts for an hour, shaped like that of a Kubernetes
// service account.
type Claims struct {
	// Subject defaults to system:serviceaccount:default:credproc.
	Subject string

	// Audience defaults to sts.amazonaws.com. The claim is an array of one, as
	// Kubernetes writes it; a string can be had through Extra.
	Audience string

	// IssuedAt defaults to now, NotBefore to IssuedAt, and Expiry to an hour
	// after IssuedAt. Claims hold whole seconds: fractions are cut off.
	IssuedAt  time.Time
	NotBefore time.Time
	Expiry    time.Time

	// Algorithm is RS256 (the default), RS384, RS512 or ES256; or, for tokens
	// that STS must refuse, none, HS256 (keyed with the public RSA key), PS256
	// or EdDSA.
	Algorithm string

	// Forged signs with keys that the issuer does not publish, under the key
	// id of one that it does.
	Forged bool

	// KeyID replaces the key id in the token's header. One that the issuer
	// does not publish leaves STS without a key to verify with.
	KeyID string

	// Extra claims replace those above; a nil value takes a claim away.
	Extra map[string]any
}

// Token mints a token. No two are equal. It panics if the algorithm is
// unknown or a claim cannot be written as JSON.
func (iss *Issuer) Token(c Claims) string {
	if c.Subject == "" {
		c.Subject = "system:serviceaccount:default:credproc"
	}
	if c.Audience == "" {
		c.Audience = defaultAudience
	}
	if c.IssuedAt.IsZero() {
		c.IssuedAt = time.Now()
	}
	if c.NotBefore.IsZero() {
		c.NotBefore = c.IssuedAt
	}
	if c.Expiry.IsZero() {
		c.Expiry = c.IssuedAt.Add(time.Hour)
	}
	if c.Algorithm == "" {
		c.Algorithm = "RS256"
	}
	claims := jwt.MapClaims{
		"iss": iss.URL,
		"sub": c.Subject,
		"aud": []string{c.Audience},
		"iat": c.IssuedAt.Unix(),
		"nbf": c.NotBefore.Unix(),
		"exp": c.Expiry.Unix(),
		"jti": rand.Text(),
	}
	maps.Copy(claims, c.Extra)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })

	method := jwt.GetSigningMethod(c.Algorithm)
	if method == nil {
		panic("sourcetest: unknown signing algorithm " + c.Algorithm)
	}
	keys := publishedKeys()
	if c.Forged {
		keys = forgersKeys()
	}
	key, id := keys.forAlgorithm(c.Algorithm)
	if c.KeyID != "" {
		id = c.KeyID
	}
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"] = id
	signed, err := token.SignedString(key)
	if err != nil {
		panic("sourcetest: signing a token: " + err.Error())
	}
	return signed
}

// WriteToken mints a token into the file at path, mode 0600. Whoever reads
// the file meanwhile sees the old token or the new one, whole, as with a file
// that kubelet renews.
func (iss *Issuer) WriteToken(path string, c Claims) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("writing a web identity token: %w", err)
	}
	_, err = f.WriteString(iss.Token(c))
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("writing a web identity token: %w", err)
	}
	return nil
}

const (
	rsaKeyID = "sourcetest-rsa"
	ecKeyID  = "sourcetest-ec"
)

type signingKeys struct {
	rsa *rsa.PrivateKey
	ec  *ecdsa.PrivateKey
	ed  ed25519.PrivateKey
}

var (
	publishedKeys = sync.OnceValue(newSigningKeys)
	forgersKeys   = sync.OnceValue(newSigningKeys)
)

func newSigningKeys() signingKeys {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic("sourcetest: " + err.Error())
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic("sourcetest: " + err.Error())
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic("sourcetest: " + err.Error())
	}
	return signingKeys{rsaKey, ecKey, edKey}
}

// forAlgorithm returns the key to sign with and the id it goes by.
func (k signingKeys) forAlgorithm(alg string) (crypto.PrivateKey, string) {
	switch {
	case alg == "none":
		return jwt.UnsafeAllowNoneSignatureType, rsaKeyID
	case alg == "EdDSA":
		return k.ed, rsaKeyID
	case strings.HasPrefix(alg, "ES"):
		return k.ec, ecKeyID
	case strings.HasPrefix(alg, "HS"):
		// The published key as the shared secret: a verifier that lets the
		// token choose the algorithm would accept this.
		return x509.MarshalPKCS1PublicKey(&k.rsa.PublicKey), rsaKeyID
	default:
		return k.rsa, rsaKeyID
	}
}
