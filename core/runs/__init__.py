"""Runs: what happened (store), what does it (worker), where (engine), and who asks (service)."""
