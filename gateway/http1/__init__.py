"""HTTP/1.1: what is plain is answered here, what is unusual is left to Hypercorn."""
