"""Reasons: what moved a score, by family, with this creator beside similar ones."""
