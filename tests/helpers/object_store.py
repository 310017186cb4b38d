"""An S3 on this machine, of moto's, for as long as a test needs it."""
import contextlib
import os
import socket
import subprocess
import sys
import time

BUCKET = "bucket"
_SERVE = "import sys; from moto.server import main; main(sys.argv[1:])"


class Store:
  """A bucket.

  Attributes:
    environment: what a process needs to use it.
    client: boto3's.
  """

  def __init__(self, port):
    import boto3
    self.environment = {
        "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
        "S3_ENDPOINT": "http://127.0.0.1:%d" % port, "S3_VERIFY_SSL": "0"}
    self.client = boto3.client(
        "s3", endpoint_url=self.environment["S3_ENDPOINT"],
        aws_access_key_id="key", aws_secret_access_key="secret",
        region_name="us-east-1")
    self.client.create_bucket(Bucket=BUCKET)

  def upload(self, path, name):
    """Copies a file, or all files of a folder -> the s3:// path."""
    if os.path.isdir(path):
      for each in os.listdir(path):
        self.upload(os.path.join(path, each), "%s/%s" % (name, each))
    else:
      self.client.upload_file(path, BUCKET, name)
    return "s3://%s/%s" % (BUCKET, name)

  def names(self, prefix):
    """The names of the files below a folder."""
    pages = self.client.get_paginator("list_objects_v2").paginate(
        Bucket=BUCKET, Prefix=prefix + "/")
    return [each["Key"][len(prefix) + 1:] for page in pages
            for each in page.get("Contents", ())
            if not each["Key"].endswith("/")]  # A folder itself.

  def text(self, name):
    return self.client.get_object(
        Bucket=BUCKET, Key=name)["Body"].read().decode("utf-8")


@contextlib.contextmanager
def serving():
  """Yields a Store."""
  with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
  process = subprocess.Popen(
      [sys.executable, "-c", _SERVE, "-H", "127.0.0.1", "-p", str(port)],
      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
  try:
    _wait_for(port, process)
    yield Store(port)
  finally:
    process.kill()
    process.wait()


def _wait_for(port, process):
  for _ in range(600):
    with contextlib.suppress(OSError):
      socket.create_connection(("127.0.0.1", port)).close()
      return
    assert process.poll() is None, "moto's server has ended"
    time.sleep(0.1)
  raise AssertionError("moto's server does not answer")
