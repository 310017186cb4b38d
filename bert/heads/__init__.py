"""What is learnt on top of the encoder: one file a kind, and their parts."""
