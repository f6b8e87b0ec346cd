"""Comment text below the features: normalisation, likeness, language, and the comment model as plain numbers."""
