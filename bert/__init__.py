"""Fine-tunes BERT and reads it out."""

from bert.common.versions import VERSION as __version__
