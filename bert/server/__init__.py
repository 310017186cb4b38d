"""Trained models over HTTP and gRPC, and for the clients of bert-as-service."""
