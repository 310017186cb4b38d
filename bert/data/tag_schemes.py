"""Schemes of tags: how the tags of words mark where entities begin and end."""

import re
from typing import Iterable, List

OUTSIDE = "O"
# Of each scheme, the prefixes of its tags. BIO comes first: the others have all
# that it has, or no I.
_PREFIXES = {"BIO": "BI", "BIOES": "BIES", "BMES": "BMES"}
_TAG = re.compile(r"([BIMES])-\S+$")


def check_tag(tag: str) -> None:
  """Raises ValueError unless a text is a tag of any scheme."""
  if tag != OUTSIDE and not _TAG.match(tag):
    raise ValueError("found label %r; O, B-TYPE or I-TYPE is needed, in BIOES "
                     "and BMES also E-TYPE, S-TYPE and M-TYPE" % (tag,))


def scheme_of(tags: Iterable[str]) -> str:
  """Returns the scheme that all tags are of: BIO, BIOES or BMES.

  Raises:
    ValueError: a text is no tag, or the tags are of no one scheme.
  """
  tags = list(tags)
  for tag in tags:
    check_tag(tag)
  used = {tag[0] for tag in tags if tag != OUTSIDE}
  for scheme, prefixes in _PREFIXES.items():
    if used <= set(prefixes):
      return scheme
  raise ValueError("labels begin with %s, which no scheme has together; BIO "
                   "has B- and I-, BIOES has B-, I-, E- and S-, BMES has B-, "
                   "M-, E- and S-" % " ".join(sorted(used)))


def to_bioes(tags: List[str], scheme: str) -> List[str]:
  """Returns tags of BMES as those of BIOES; others as they are."""
  if scheme != "BMES":
    return tags
  return ["I" + tag[1:] if tag.startswith("M-") else tag for tag in tags]


def num_stray(tags: List[str]) -> int:
  """Returns how many tags continue an entity though none of their type is
  open, as an I- without a B- before it."""
  count, open_type = 0, None
  for tag in tags:
    prefix, _, kind = tag.partition("-")
    count += prefix in ("I", "M", "E") and kind != open_type
    open_type = kind if prefix in ("B", "I", "M") else None
  return count
