"""One lane of each kind: a worker, and the pool of one around it."""
