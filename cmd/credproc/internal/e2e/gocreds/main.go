// Command gocreds prints the id of the access key that the AWS SDK for Go v2
// finds, configured by the environment and, if given, by a profile.
//
//	gocreds [PROFILE]
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
)

func main() {
	log.SetFlags(0)
	ctx := context.Background()
	var options []func(*config.LoadOptions) error
	if len(os.Args) > 1 {
		options = append(options, config.WithSharedConfigProfile(os.Args[1]))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		log.Fatal(err)
	}
	c, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.AccessKeyID)
}
