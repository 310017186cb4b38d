"""Asks the HTTP application without a socket."""
import io
import json

from bert.data.examples import Words
from bert.serving import application
from bert.serving import batcher


def ask(predictor, texts):
  """The predictions that the HTTP server returns for texts."""
  waiting = batcher.Batcher(predictor.predict, 32, 0.0, 100)
  wsgi = application.Application(predictor, "bert", waiting)
  body = json.dumps({"instances": [
      {"words": each} if isinstance(each, Words) else each
      for each in texts]}).encode()
  status = []
  content = wsgi({
      "REQUEST_METHOD": "POST", "PATH_INFO": "/v1/models/bert:predict",
      "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)},
                 lambda code, headers: status.append(code))
  waiting.close()
  assert status == ["200 OK"]
  return json.loads(b"".join(content).decode())["predictions"]
