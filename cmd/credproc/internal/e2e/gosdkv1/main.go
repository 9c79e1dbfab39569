// Command gosdkv1 lists a bucket once a second with one client of the AWS SDK
// for Go v1, configured as any program's: by the environment alone.
//
//	gosdkv1 ENDPOINT BUCKET SECONDS
package main

//lint:file-ignore SA1019 programs that are still made with version 1 are what this stands for

import (
	"log"
	"os"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/s3"
)

func main() {
	log.SetFlags(0)
	endpoint, bucket := os.Args[1], os.Args[2]
	seconds, err := strconv.Atoi(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	s, err := session.NewSession()
	if err != nil {
		log.Fatal(err)
	}
	client := s3.New(s, &aws.Config{Endpoint: aws.String(endpoint), S3ForcePathStyle: aws.Bool(true)})
	for end := time.Now().Add(time.Duration(seconds) * time.Second); time.Now().Before(end); time.Sleep(time.Second) {
		if _, err := client.ListObjectsV2(&s3.ListObjectsV2Input{Bucket: aws.String(bucket)}); err != nil {
			log.Fatal(err)
		}
	}
}
