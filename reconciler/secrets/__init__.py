"""Where the values of `${scheme:path}` come from, as late as possible, and what keeps them out of all output."""
