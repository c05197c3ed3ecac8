"""What may enter: the document, its rules, and the one function that sums them up. Pure."""
