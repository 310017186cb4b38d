"""From labels and predictions to metrics, reports and pictures."""
