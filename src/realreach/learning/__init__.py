"""Training of the side models: single comments and single accounts, on labelled public data and generated text."""
