"""Evidence: the days, posts and comments that carry a reason, what may explain them, and the score without them."""
