"""Which messages of clients are requests, and what the others get."""
import json

import numpy as np
import pytest

from bert.data.examples import TextPair
from bert.data.examples import Words
from bert.server.zeromq import messages
from mistakes import message_of

pytestmark = pytest.mark.smoke


def received(*frames):
  return messages.Received(list(frames[:4]), list(map(len, frames[:4])),
                           len(frames))


def test_request_has_four_frames():
  assert messages.to_request(received(b"me", b"[]", b"7", b"2"), 10) == (
      messages.Request(b"me", b"[]", b"7", 2))


@pytest.mark.parametrize("frames, reason", [
    ((b"me",), "1 frames; 4 are needed"),
    ((b"me", b"", b"1", b"1", b""), "5 frames; 4 are needed"),
    ((b"", b"", b"1", b"1"), "an identity of 0 bytes"),
    ((b"i" * 257, b"", b"1", b"1"), "an identity of 257 bytes"),
    ((b"me", b"", b"-1", b"1"), "the last frames are no numbers"),
    ((b"me", b"", b"1", b"9" * 21), "the last frames are no numbers"),
    ((b"me", b"x" * 11, b"1", b"1"),
     "11 bytes; at most 10 are read (--max_body_kb)")])
def test_other_frames_are_refused(frames, reason):
  assert message_of(messages.to_request, received(*frames), 10) == reason


@pytest.mark.parametrize("frames, address", [
    ((b"me", b"", b"12", b"x"), (b"me", b"12")),
    ((b"me", b"", b"one", b"1"), (b"me", b"0")), ((b"me",), (b"me", b"0")),
    ((b"i" * 5000, b"", b"1", b"1"), (b"", b"1"))])
def test_refusals_go_to_who_has_sent_the_request(frames, address):
  assert received(*frames).address == address


def test_texts_are_text_pairs_or_tokens():
  assert messages.texts_of(b'["a", "b ||| c"]', 9) == ["a", TextPair("b", "c")]
  assert messages.texts_of(b'[["a", "b"]]', 9) == [Words(["a", "b"])]


@pytest.mark.parametrize("message, reason", [
    (b"\xff", "not JSON"), (b"[" * 100000, "not JSON"), (b"{}", "no list"),
    (b"[]", "no list"), (b"[3]", "must be text"), (b'["a", ["b"]]', "must be"),
    (b'["aaaaa"]', "a text of 5 characters; at most 4 are read (--max_chars)"),
    (b'[["aaa", "bb"]]', "a text of 5 characters")])
def test_other_texts_are_refused(message, reason):
  assert reason in message_of(messages.texts_of, message, 4)


def test_client_raises_an_error_with_the_reason():
  client, about, array, number = messages.to_refusal(
      (b"me", b"3"), "1,000 \u4e2d\ntexts")
  assert (client, number) == (b"me", b"3")
  # As the client does.
  with pytest.raises(TypeError, match="refused by the server: 1;000 [?] texts"):
    np.frombuffer(array, dtype=str(json.loads(about.decode())["dtype"]))
