"""What looks at files, one inspector a file: a file in, findings out; no clock, no feed, no network."""
