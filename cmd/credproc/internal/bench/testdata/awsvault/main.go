// Awsvault puts the credential_process object on stdin into the file backend of
// aws-vault's keyring, as a cached session of a profile: aws-vault can be led to
// no STS but AWS's.
//
//	awsvault FOLDER PASSPHRASE PROFILE
package main

import (
	"encoding/json"
	"log"
	"os"
	"time"

	"github.com/99designs/aws-vault/v7/vault"
	"github.com/99designs/keyring"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 4 {
		log.Fatal("usage: awsvault FOLDER PASSPHRASE PROFILE")
	}
	var c types.Credentials
	if err := json.NewDecoder(os.Stdin).Decode(&c); err != nil {
		log.Fatal(err)
	}
	ring, err := keyring.Open(keyring.Config{
		ServiceName:      "aws-vault",
		AllowedBackends:  []keyring.BackendType{keyring.FileBackend},
		FileDir:          os.Args[1],
		FilePasswordFunc: keyring.FixedStringPrompt(os.Args[2]),
	})
	if err != nil {
		log.Fatal(err)
	}
	sessions := vault.SessionKeyring{Keyring: ring}
	key := vault.SessionMetadata{Type: "sts.AssumeRoleWithWebIdentity", ProfileName: os.Args[3], Expiration: time.Now().Add(time.Hour)}
	if err := sessions.Set(key, &c); err != nil {
		log.Fatal(err)
	}
}
