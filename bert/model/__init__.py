"""An encoder with a head as an Estimator runs it: graphs, weights, sessions."""
