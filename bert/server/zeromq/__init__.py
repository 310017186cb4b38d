"""The protocol of bert-as-service, and the requests of its clients."""
