"""The rules, one file each: facts in, an opinion out. A rule counts once a policy in ``policies.py`` names it."""
