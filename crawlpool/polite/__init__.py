"""When a host may be asked, and what it allows: robots.txt, pace, retries."""
