"""What is counted of requests, and how Prometheus reads it, from one process or several."""
