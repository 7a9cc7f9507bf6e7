"""Where items end: one promise (`base`), one file for each kind of output."""
