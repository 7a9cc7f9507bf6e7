"""What runs in other processes: fetch one hop, read the facts off a page, answer with plain values."""
