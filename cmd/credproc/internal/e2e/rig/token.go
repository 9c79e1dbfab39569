package rig

import (
	"context"
	"time"

	"github.com/credproc/credproc/source/sourcetest"
)

// TokenLife is how long a token lives, and so how long the credentials live
// that MinIO gives for a new one: an hour of AWS's in half a minute.
const TokenLife = 30 * time.Second

// A token in the file is between new and a third of its life old, so that
// credentials live 20 to 30 seconds.
const rotation = TokenLife / 3

// A TokenFile is a web identity token file that holds a new token every ten
// seconds, put there by a rename.
type TokenFile struct {
	Path string

	issuer  *sourcetest.Issuer
	stopped chan struct{}
}

// New mints a token that is in no file.
func (f *TokenFile) New() string { return f.issuer.Token(shortLived()) }

func rotateToken(ctx context.Context, issuer *sourcetest.Issuer, path string) (*TokenFile, error) {
	if err := issuer.WriteToken(path, shortLived()); err != nil {
		return nil, err
	}
	f := &TokenFile{Path: path, issuer: issuer, stopped: make(chan struct{})}
	go func() {
		defer close(f.stopped)
		tick := time.NewTicker(rotation)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if err := issuer.WriteToken(path, shortLived()); err != nil {
				panic(err) // the disk is full or the folder gone: no test can go on
			}
		}
	}()
	return f, nil
}

func (f *TokenFile) wait() { <-f.stopped }

func shortLived() sourcetest.Claims {
	return sourcetest.Claims{Audience: Audience, Expiry: time.Now().Add(TokenLife)}
}
