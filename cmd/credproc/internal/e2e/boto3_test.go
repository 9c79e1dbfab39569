package e2e

// boto3 is a Python program that lists a bucket once a second with one client.
const boto3 = `
import sys, time, boto3
endpoint, bucket, seconds = sys.argv[1:]
s3 = boto3.client('s3', endpoint_url=endpoint)
end = time.time() + int(seconds)
while time.time() < end:
    s3.list_objects_v2(Bucket=bucket)
    time.sleep(1)
`
