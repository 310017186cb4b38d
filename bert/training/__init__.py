"""From features to a trained model in an output folder, and its scores."""
