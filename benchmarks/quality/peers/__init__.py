"""Other libraries on our splits: each learns in its own environment, and is judged as all else here."""
