"""Special tokens and token types of a text or a pair of texts.

A pair in BERT's layout, with the vector of [CLS] as that of the whole:

    tokens  [CLS] was the captain there ? [SEP] he left at nine [SEP]
    types     0    0   0     0      0   0   0    1   1   1   1    1

A single text is the part of type 0. Of a question with its context, the second
text is the context.

Shapes in the comments: B batch, L sequence length, H width of a vector.
"""

from typing import Dict, List, Optional, Sequence, Tuple

import tensorflow.compat.v1 as tf


class Layout:
  """BERT's layout, and the base of others; has no state.

  Attributes:
    classifier, separator: its special tokens.
    text_start: index of a text's first token.
  """
  classifier = "[CLS]"
  separator = "[SEP]"
  text_start = 1

  @property
  def special_tokens(self) -> Tuple[str, ...]:
    """The tokens that are not of a text."""
    return self.classifier, self.separator

  def special_ids(self, vocab: Dict[str, int]) -> List[int]:
    """Returns their ids in a vocabulary."""
    return [vocab[token] for token in self.special_tokens]

  def num_special(self, is_pair: bool) -> int:
    """Returns how many special tokens a text or a pair has."""
    return 3 if is_pair else 2

  def enclose(self, tokens_a: Sequence[str],
              tokens_b: Optional[Sequence[str]] = None
             ) -> Tuple[List[str], List[int]]:
    """Returns the tokens of a text or a pair with the special ones, and their
    types; tokens_b is None for a text, and may be empty in a pair."""
    first = [self.classifier] + list(tokens_a) + [self.separator]
    second = [] if tokens_b is None else list(tokens_b) + [self.separator]
    return first + second, [0] * len(first) + [1] * len(second)

  def context_start(self, num_question: int) -> int:
    """Returns the index of a context's first token, behind a question of so
    many tokens."""
    return num_question + 2

  def pooled_index(self, num_tokens: int) -> int:
    """Returns the index of the token whose vector is that of the whole, and
    which is the answer of a question without one."""
    del num_tokens
    return 0

  def pooled_vectors(self, sequence: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Returns the vectors of these tokens: float32 [B, L, H] and the mask of
    real tokens, int32 [B, L] -> [B, H]."""
    del mask
    return sequence[:, 0, :]

  def answer_mask(self, segment_ids: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Returns which tokens may be an answer: the context's, and the one that is
    no answer; two int32 [B, L] -> int32 [B, L], 1 or 0."""
    # The last real token is a separator.
    has_next = tf.concat([mask[:, 1:], tf.zeros_like(mask[:, :1])], axis=1)
    is_context = segment_ids * mask * has_next
    is_first = tf.concat([tf.ones_like(mask[:, :1]),
                          tf.zeros_like(mask[:, 1:])], axis=1)
    return tf.maximum(is_context, is_first)


BERT = Layout()
# What pre-training puts in the place of words, and tokenizers in that of what
# the vocabulary does not have.
MASK = "[MASK]"
UNKNOWN = "[UNK]"
