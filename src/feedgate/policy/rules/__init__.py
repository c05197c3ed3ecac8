"""The rules, one file each: facts in, an opinion out."""
