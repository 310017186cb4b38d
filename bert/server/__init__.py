"""Trained models behind ports: HTTP, gRPC, the clients of bert-as-service."""
