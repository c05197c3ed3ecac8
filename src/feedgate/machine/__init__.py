"""What runs on a VM: connecting it to a feed, and the wire's paths.

Standard library only, Python 3.9, nothing of the other rooms, so that a
machine without Feedgate can run this folder alone:
``python3 -m feedgate.machine connect URL``.
"""
