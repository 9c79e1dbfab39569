// Command miniogo lists a bucket once a second with one client of MinIO's SDK
// for Go, which takes its credentials from the AWS files.
//
//	miniogo ENDPOINT BUCKET SECONDS
package main

import (
	"context"
	"log"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

func main() {
	log.SetFlags(0)
	endpoint, err := url.Parse(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	seconds, err := strconv.Atoi(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	client, err := minio.New(endpoint.Host, &minio.Options{
		Creds:        credentials.NewFileAWSCredentials("", ""),
		BucketLookup: minio.BucketLookupPath,
		Region:       os.Getenv("AWS_REGION"),
	})
	if err != nil {
		log.Fatal(err)
	}
	for end := time.Now().Add(time.Duration(seconds) * time.Second); time.Now().Before(end); time.Sleep(time.Second) {
		for object := range client.ListObjects(context.Background(), os.Args[2], minio.ListObjectsOptions{}) {
			if object.Err != nil {
				log.Fatal(object.Err)
			}
		}
	}
}
