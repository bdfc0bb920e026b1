"""Other libraries on our splits: each learns in an environment of its own, and is judged as everything here."""
