"""A whole foreign index into a feed: what is asked, where it comes from, project by project."""
